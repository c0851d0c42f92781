package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"syscall"
	"time"
	"unsafe"
)

// copyBytes is the size of the buffers: each cache is copied with the same memory, whatever its size.
const copyBytes = 1 << 20

// errReplaced says that another process has put something else in the place of a file.
var errReplaced = errors.New("another process has replaced it")

// errIrregular says that a name of the gate's own files belongs to something else.
var errIrregular = errors.New("it is not a regular file")

// enter opens a folder that was found by Lstat, and nothing else: a process of the build may have put a link or a pipe in its
// place. With "/." the system opens folders only, so that a pipe can't block the gate.
func enter(parent *os.Root, name string, found fs.FileInfo) (*os.Root, error) {
	folder, err := parent.OpenRoot(name + "/.")
	if err != nil {
		return nil, err
	}
	opened, err := folder.Stat(".")
	if err == nil && !os.SameFile(found, opened) {
		err = errReplaced
	}
	if err != nil {
		folder.Close()
		return nil, err
	}
	return folder, nil
}

// openFound opens an ordinary file that was found by Lstat, and nothing else. O_NONBLOCK keeps a pipe in its place from
// blocking the gate. A link in its place leads to another file of the same Root at most, which the comparison notices.
func openFound(folder *os.Root, name string, flag int, found fs.FileInfo) (*os.File, error) {
	if !found.Mode().IsRegular() {
		return nil, errIrregular
	}
	file, err := folder.OpenFile(name, flag|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	opened, err := file.Stat()
	if err == nil && !os.SameFile(found, opened) {
		err = errReplaced
	}
	if err != nil {
		file.Close()
		return nil, err
	}
	return file, nil
}

// copyExactly copies size bytes. It tells apart which of both sides has failed; a source that is too short is io.ErrUnexpectedEOF.
func copyExactly(to io.Writer, from io.Reader, size int64, buffer []byte) (readErr, writeErr error) {
	for size > 0 {
		n, err := from.Read(buffer[:min(size, int64(len(buffer)))])
		if n > 0 {
			if _, err := to.Write(buffer[:n]); err != nil {
				return nil, err
			}
			size -= int64(n)
			continue
		}
		if err == io.EOF {
			return io.ErrUnexpectedEOF, nil
		}
		if err != nil {
			return err, nil
		}
	}
	return nil, nil
}

// namesIn lists a folder, in no order.
func namesIn(folder *os.Root) ([]string, error) {
	handle, err := folder.Open(".")
	if err != nil {
		return nil, err
	}
	defer handle.Close()
	return handle.Readdirnames(-1)
}

const (
	atSymlinkNofollow = 0x100
	utimeOmit         = 1<<30 - 2
)

// setLinkTime sets the modification time of a symbolic link, which Root.Chtimes would follow.
func setLinkTime(folder *os.Root, name string, unix int64) error {
	handle, err := folder.Open(".")
	if err != nil {
		return err
	}
	defer handle.Close()
	path, err := syscall.BytePtrFromString(name)
	if err != nil {
		return err
	}
	times := [2]syscall.Timespec{{Nsec: utimeOmit}, syscall.NsecToTimespec(unix * int64(time.Second))}
	_, _, errno := syscall.Syscall6(syscall.SYS_UTIMENSAT, handle.Fd(), uintptr(unsafe.Pointer(path)),
		uintptr(unsafe.Pointer(&times)), atSymlinkNofollow, 0, 0)
	if errno != 0 {
		return errno
	}
	return nil
}

// cause returns what went wrong without the names of a PathError, which are relative to folders that the log doesn't name.
func cause(err error) error {
	var path *fs.PathError
	if errors.As(err, &path) {
		return path.Err
	}
	var link *os.LinkError
	if errors.As(err, &link) {
		return link.Err
	}
	return err
}

func isFull(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT)
}

func isGone(err error) bool {
	return errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ESTALE) || errors.Is(err, errReplaced)
}

// isDenied is true for rights that a process lacks, not for a file system that is mounted read-only.
func isDenied(err error) bool {
	return errors.Is(err, syscall.EACCES) || errors.Is(err, syscall.EPERM)
}

// storageError names what failed, and what the operator has to check.
func storageError(doing string, err error) error {
	hint := "the operator must check the storage that HANGAR_CACHE names"
	switch {
	case errors.Is(err, syscall.EROFS):
		hint = "it is mounted read-only: the operator must check the claim or host path that HANGAR_CACHE names"
	case isDenied(err):
		hint = fmt.Sprintf("the operator must let user %d, as which this step runs, read and write it", os.Geteuid())
	case errors.Is(err, errIrregular):
		hint = "the operator must remove it"
	}
	return fmt.Errorf("the storage of caches cannot be used: %s: %w (%s)", doing, cause(err), hint)
}
