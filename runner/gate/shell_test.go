package main

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// containerOf makes the files of a container whose step has number 2, after a step that failed.
func containerOf(t *testing.T) places {
	t.Helper()
	p := placesUnder(t.TempDir())
	write := func(path, text string) {
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	write(p.stage, `{"version":1,"nonce":"a","env":{"CI":"true"},"steps":[{"n":1,"name":"one","role":"step"},{"n":2,"name":"two","role":"step"}]}`)
	write(p.step, `{"version":1,"n":2,"argv":["sh"],"env":{"SECRET":"s"},"unset":["OLD"]}`)
	write(p.state(1, "exit"), "ran 1 5 9\n")
	write(p.state(2, "exit"), "ran 3 10 11\n")
	if err := os.MkdirAll(p.drone, 0o755); err != nil {
		t.Fatal(err)
	}
	return p
}

func TestShellHasTheEnvironmentOfTheStep(t *testing.T) {
	for name, c := range map[string]struct {
		kept   func(path string) error
		failed string
	}{
		"with the values that its gate has left": {
			func(path string) error {
				return os.WriteFile(path, []byte(`{"DRONE_FAILED_STEPS":"zero","DRONE_STAGE_STATUS":"failure","LD_PRELOAD":"/x"}`), 0o644)
			}, "zero",
		},
		"with values of its own, where there are none":                {func(string) error { return nil }, "one"},
		"with values of its own, where the step has cut them":         {func(path string) error { return os.WriteFile(path, []byte(`{"DRONE_FAILED`), 0o644) }, "one"},
		"with values of its own, where the step has put a pipe there": {func(path string) error { return syscall.Mkfifo(path, 0o644) }, "one"},
	} {
		t.Run(name, func(t *testing.T) {
			p := containerOf(t)
			if err := c.kept(p.kept()); err != nil {
				t.Fatal(err)
			}

			env, err := shellEnvironment(p, []string{"A=image", "OLD=image"})

			_, isOld := env["OLD"]
			_, isInjected := env["LD_PRELOAD"]
			got := strings.Join([]string{env["A"], env["CI"], env["SECRET"], env["DRONE_FAILED_STEPS"], env["DRONE_STAGE_STATUS"]}, " ")
			if want := "image true s " + c.failed + " failure"; err != nil || isOld || isInjected || got != want {
				t.Errorf("got %q %v %v %v, want %q", got, isOld, isInjected, err, want)
			}
		})
	}
}
