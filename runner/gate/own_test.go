package main

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"
)

func claimed(t *testing.T) *own {
	t.Helper()
	p := placesUnder(t.TempDir())
	if err := os.MkdirAll(p.state(1, ""), 0o755); err != nil {
		t.Fatal(err)
	}
	o, err := claim(p, 1)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func TestExitIsTheGatesOwnFile(t *testing.T) {
	const forged = "ran 0 1 1\n"
	for name, replace := range map[string]func(draft, other string) error{
		"another file": func(draft, other string) error {
			return errors.Join(os.Remove(draft), os.WriteFile(draft, []byte(forged), 0o644))
		},
		"a file by rename":   func(draft, other string) error { return os.Rename(other, draft) },
		"a link":             func(draft, other string) error { return errors.Join(os.Remove(draft), os.Symlink(other, draft)) },
		"another name of it": func(draft, other string) error { return errors.Join(os.Remove(draft), os.Link(other, draft)) },
		"nothing":            func(draft, other string) error { return os.Remove(draft) },
		"the gate's own":     func(draft, other string) error { return nil },
	} {
		t.Run(name, func(t *testing.T) {
			o := claimed(t)
			other := o.places.state(1, "other")
			if err := os.WriteFile(other, []byte(forged), 0o644); err != nil {
				t.Fatal(err)
			}
			if err := replace(o.draft.Name(), other); err != nil {
				t.Fatal(err)
			}
			if err := o.exit("ran 3 5 9\n"); err != nil {
				t.Fatal(err)
			}
			got := peers{places: o.places}.seen(1)
			if got.code != 3 || got.phase != ended {
				t.Errorf("siblings read %+v", got)
			}
		})
	}
}

func TestRemedy(t *testing.T) {
	for err, want := range map[error]string{
		syscall.EMFILE: "prlimit",
		syscall.EFBIG:  "prlimit",
		syscall.ENOSPC: "full",
		syscall.EACCES: "0777",
	} {
		if got := remedy(fmt.Errorf("open: %w", err)); !strings.Contains(got, want) {
			t.Errorf("%v: %q does not name %q", err, got, want)
		}
	}
}
