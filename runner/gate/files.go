package main

import (
	"errors"
	"io"
	"os"
	"syscall"
	"time"
)

func nowMs() int64 { return time.Now().UnixMilli() }

// exists checks for a file without opening it: a pipe created by a step can't block the gate.
func exists(path string) bool {
	var info syscall.Stat_t
	return syscall.Stat(path, &info) == nil
}

// publish writes a small file by rename, readable by every user whatever the umask.
func publish(path, text string) error {
	draft := path + ".new"
	if err := os.WriteFile(draft, []byte(text), 0o644); err != nil {
		return err
	}
	if err := os.Chmod(draft, 0o644); err != nil {
		return err
	}
	return os.Rename(draft, path)
}

// readSmall reads at most limit bytes of a regular file. A step owns its folder and may have put a pipe there:
// O_NONBLOCK keeps the open from hanging.
func readSmall(path string, limit int64) (string, error) {
	fd, err := syscall.Open(path, syscall.O_RDONLY|syscall.O_NONBLOCK|syscall.O_CLOEXEC, 0)
	if err != nil {
		return "", err
	}
	file := os.NewFile(uintptr(fd), path)
	defer file.Close()
	var info syscall.Stat_t
	if err := syscall.Fstat(fd, &info); err != nil {
		return "", err
	}
	if info.Mode&syscall.S_IFMT != syscall.S_IFREG {
		return "", errors.New("not a regular file")
	}
	text, err := io.ReadAll(io.LimitReader(file, limit))
	return string(text), err
}

// write writes text to a descriptor in one piece if the kernel allows it; a reader that has closed its end is no error.
func write(fd int, text string) {
	rest := []byte(text)
	for len(rest) > 0 {
		n, err := syscall.Write(fd, rest)
		switch {
		case err == syscall.EINTR:
		case err == syscall.EAGAIN:
			time.Sleep(time.Millisecond)
		case err != nil:
			return
		default:
			rest = rest[n:]
		}
	}
}
