package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// The lock files of a step's folder.
const (
	lockLife    = "lock"    // held as long as the gate runs
	lockBarrier = "barrier" // held until this gate and all later ones have started
	lockTurn    = "turn"    // held until the child was started
)

// own is the step's own state folder, the only one its gate can write.
type own struct {
	places places
	n      int
	locks  map[string]int
	draft  *os.File // becomes exit
}

// claim takes the step's locks and marks this gate as started.
func claim(p places, n int) (*own, error) {
	o := &own{places: p, n: n, locks: map[string]int{}}
	for _, name := range []string{lockLife, lockBarrier, lockTurn} {
		if err := o.lock(name); err != nil {
			return nil, o.unwritable(name, err)
		}
	}
	if err := o.reserveExit(); err != nil {
		return nil, o.unwritable("exit.new", err)
	}
	for _, name := range laterMarks {
		if err := o.create(name + ".new"); err != nil {
			return nil, err
		}
	}
	if err := o.mark("started"); err != nil {
		return nil, err
	}
	return o, nil
}

func (o *own) lock(name string) error {
	path := o.places.state(o.n, name)
	fd, err := syscall.Open(path, syscall.O_CREAT|syscall.O_RDWR|syscall.O_CLOEXEC, 0o644)
	if err != nil {
		return err
	}
	// Other steps may run as other users and must be able to open it, whatever the umask.
	if err := syscall.Fchmod(fd, 0o644); err != nil {
		return err
	}
	o.locks[name] = fd
	return flock(fd, syscall.LOCK_EX)
}

// release releases one of the locks before the gate's end.
func (o *own) release(name string) {
	if fd, held := o.locks[name]; held {
		// Unlock rather than close: a child between fork and exec still has a copy of the descriptor.
		_ = flock(fd, syscall.LOCK_UN)
		_ = syscall.Close(fd)
		delete(o.locks, name)
	}
}

// keepAcrossExec keeps the life lock held by the program that replaces the gate.
func (o *own) keepAcrossExec() error {
	fd := o.locks[lockLife]
	if _, _, errno := syscall.Syscall(syscall.SYS_FCNTL, uintptr(fd), syscall.F_SETFD, 0); errno != 0 {
		return errno
	}
	return nil
}

// laterMarks are created in advance and renamed when needed: a step that fills the disk must not keep the
// others from seeing that a child was started, or that the Pod is being stopped.
var laterMarks = []string{"child", "stopping"}

func (o *own) mark(name string) error {
	path := o.places.state(o.n, name)
	if os.Rename(path+".new", path) == nil {
		return nil
	}
	return o.create(name)
}

func (o *own) create(name string) error {
	file, err := os.OpenFile(o.places.state(o.n, name), os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return o.unwritable(name, err)
	}
	return file.Close()
}

// reserveExit allocates space for the exit line: a step that fills the disk must not lose its exit code.
func (o *own) reserveExit() error {
	draft, err := os.OpenFile(o.places.state(o.n, "exit.new"), os.O_CREATE|os.O_RDWR|os.O_TRUNC, 0o644)
	if err != nil {
		return err
	}
	o.draft = draft
	if _, err := draft.WriteString(strings.Repeat(" ", exitLimit)); err != nil {
		return err
	}
	return draft.Chmod(0o644)
}

// exit writes the final result, by rename.
func (o *own) exit(line string) error {
	if o.exitInReserve(line) == nil {
		return nil
	}
	var err error
	for try := 0; try < exitTries; try++ {
		if err = o.exitAnew(line); err == nil {
			return nil
		}
	}
	return o.unwritable("exit", err)
}

// exitTries bounds the race with a process of the step that replaces the file again and again.
const exitTries = 3

// exitAnew writes the result to a file of a name that the step can't know before.
func (o *own) exitAnew(line string) error {
	draft, err := os.CreateTemp(filepath.Dir(o.places.state(o.n, "exit")), "exit.*")
	if err != nil {
		return err
	}
	defer draft.Close()
	if _, err := draft.WriteString(line); err != nil {
		return err
	}
	if err := draft.Chmod(0o644); err != nil {
		return err
	}
	return renameAs(draft, o.places.state(o.n, "exit"))
}

func (o *own) exitInReserve(line string) error {
	if _, err := o.draft.WriteAt([]byte(line), 0); err != nil {
		return err
	}
	if err := o.draft.Truncate(int64(len(line))); err != nil {
		return err
	}
	return renameAs(o.draft, o.places.state(o.n, "exit"))
}

// renameAs renames an open file and makes sure that it is this file that has the new name: a step owns its folder, and may have put
// another file in its place, from which the other steps would read a result that never was.
func renameAs(file *os.File, path string) error {
	if err := os.Rename(file.Name(), path); err != nil {
		return err
	}
	written, err := file.Stat()
	if err != nil {
		return err
	}
	found, err := os.Lstat(path)
	if err != nil {
		return err
	}
	if !os.SameFile(written, found) {
		return errors.New("another process has replaced it")
	}
	return nil
}

func (o *own) unwritable(name string, err error) error {
	return fmt.Errorf("cannot write its state %s: %w (%s)", o.places.state(o.n, name), err, remedy(err))
}

// remedy returns what to do about a file that can't be written.
func remedy(err error) string {
	switch {
	case errors.Is(err, syscall.EMFILE), errors.Is(err, syscall.EFBIG):
		return "the limits of the gate's process were lowered, as `prlimit --pid 1` in a step does: lower those of the step's own processes only"
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		return "the volume is full: find the step that fills it"
	}
	return "the folder must be writable for the step's user: init makes it 0777"
}

func flock(fd, how int) error {
	for {
		if err := syscall.Flock(fd, how); err != syscall.EINTR {
			return err
		}
	}
}
