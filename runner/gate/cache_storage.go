package main

import (
	"crypto/rand"
	"errors"
	"io/fs"
	"os"
	"strings"
	"syscall"
)

// Names in a folder of the storage: the archive of cache npm is npm.tar, beside it lie .npm.lock and, while it is written,
// .npm.RANDOM.tmp.
const (
	archiveEnd = ".tar"
	lockEnd    = ".lock"
	draftEnd   = ".tmp"
)

// Modes of what the gate creates there: caches are of no concern to other users of a node.
const (
	storageFolderMode = 0o750
	storageFileMode   = 0o640
)

// storage is the operator's directory for the caches of all builds.
type storage struct{ root *os.Root }

func openStorage(path string) (*storage, error) {
	root, err := os.OpenRoot(path)
	if err != nil {
		return nil, storageError("cannot open "+shown(path), err)
	}
	return &storage{root}, nil
}

// folder opens the folder of a key, without following links. With create it makes what is missing.
func (s *storage) folder(key string, create bool) (*os.Root, error) {
	at, err := s.root.OpenRoot(".")
	for _, name := range strings.Split(key, "/") {
		if err != nil {
			return nil, err
		}
		parent := at
		at, err = storageFolder(parent, name, create)
		parent.Close()
	}
	return at, err
}

func storageFolder(parent *os.Root, name string, create bool) (*os.Root, error) {
	if create {
		if err := parent.Mkdir(name, storageFolderMode); err != nil && !errors.Is(err, fs.ErrExist) {
			return nil, err
		}
	}
	found, err := parent.Lstat(name)
	if err != nil {
		return nil, err
	}
	if !found.IsDir() {
		return nil, &fs.PathError{Op: "open", Path: name, Err: syscall.ENOTDIR}
	}
	return enter(parent, name, found)
}

// openArchive opens the archive of a cache, which must be an ordinary file.
func openArchive(folder *os.Root, name string) (*os.File, error) {
	found, err := folder.Lstat(name + archiveEnd)
	if err != nil {
		return nil, err
	}
	return openFound(folder, name+archiveEnd, os.O_RDONLY, found)
}

// cacheLock is held by the only build that saves a cache.
type cacheLock struct {
	file *os.File
	held bool // false: the file system has no locks
}

// lockFile is flock. Tests put a file system without locks in its place.
type lockFile func(fd, how int) error

// errBusy says that another build holds the lock.
const errBusy = note("another build is saving it")

// lockCache takes the lock of a cache. Without locks in the file system it goes on: a rename decides then which archive stays.
func lockCache(folder *os.Root, name string, flock lockFile) (*cacheLock, error) {
	file, err := openLock(folder, "."+name+lockEnd)
	if err != nil {
		return nil, err
	}
	switch err := flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err {
	case nil:
		return &cacheLock{file, true}, nil
	case syscall.ENOLCK, syscall.EOPNOTSUPP, syscall.ENOSYS:
		return &cacheLock{file, false}, nil
	case syscall.EWOULDBLOCK:
		file.Close()
		return nil, errBusy
	default:
		file.Close()
		return nil, err
	}
}

// openLock opens the file for writing, which NFS demands of an exclusive lock.
func openLock(folder *os.Root, name string) (*os.File, error) {
	file, err := folder.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_EXCL, storageFileMode)
	if !errors.Is(err, fs.ErrExist) {
		return file, err
	}
	found, err := folder.Lstat(name)
	if err != nil {
		return nil, err
	}
	return openFound(folder, name, os.O_RDWR, found)
}

// draftName is the name of an archive while it is written.
func draftName(name string) string { return "." + name + "." + rand.Text() + draftEnd }

// cacheOfDraft returns the cache that a temporary file belongs to.
func cacheOfDraft(file string) (string, bool) {
	rest, isDraft := strings.CutSuffix(file, draftEnd)
	dot := strings.LastIndexByte(rest, '.')
	if !isDraft || dot < 1 || rest[0] != '.' {
		return "", false
	}
	return rest[1:dot], true
}

// removeDrafts removes what killed writers of a cache have left. Only the holder of its lock may do so.
func removeDrafts(folder *os.Root, name string) error {
	names, err := namesIn(folder)
	if err != nil {
		return err
	}
	for _, file := range names {
		if cache, isDraft := cacheOfDraft(file); isDraft && cache == name {
			if err := folder.Remove(file); err != nil && !isGone(err) {
				return err
			}
		}
	}
	return nil
}
