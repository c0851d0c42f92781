package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
)

// initialise is the init container: it installs the program and creates the folders that any user may write.
func initialise(p places, numbers []string) int {
	if err := copyProgram(p.bin); err != nil {
		return fail(p, fmt.Errorf("init: cannot copy the program to %s: %w", p.bin, err))
	}
	for _, text := range numbers {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 {
			return fail(p, fmt.Errorf("init: %q is not a step number (1 or more)", text))
		}
		for _, folder := range []string{p.states, p.drone} {
			if err := openFolder(filepath.Join(folder, strconv.Itoa(n))); err != nil {
				return fail(p, fmt.Errorf("init: cannot make the folder of step %d: %w", n, err))
			}
		}
	}
	if err := publish(p.initEnd, strconv.FormatInt(nowMs(), 10)+"\n"); err != nil {
		return fail(p, fmt.Errorf("init: cannot write %s: %w", p.initEnd, err))
	}
	return 0
}

// openFolder creates a folder that steps of any user may write: with Chmod, because Mkdir applies the umask.
func openFolder(path string) error {
	if err := os.MkdirAll(path, 0o777); err != nil {
		return err
	}
	return os.Chmod(path, 0o777)
}

func copyProgram(folder string) error {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	from, err := os.Open("/proc/self/exe")
	if err != nil {
		return err
	}
	defer from.Close()
	// By rename: an incomplete copy must never be started.
	draft := filepath.Join(folder, ".gate")
	to, err := os.OpenFile(draft, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, 0o755)
	if err != nil {
		return err
	}
	if _, err := io.Copy(to, from); err != nil {
		to.Close()
		return err
	}
	if err := to.Close(); err != nil {
		return err
	}
	if err := os.Chmod(draft, 0o755); err != nil {
		return err
	}
	return os.Rename(draft, filepath.Join(folder, "gate"))
}
