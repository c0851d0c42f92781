package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"syscall"
	"time"
)

// restorer restores the caches of a build.
type restorer struct {
	job     *cacheJob
	storage *storage
	buffer  []byte
	stop    <-chan struct{}
}

// restore restores one cache, and returns the line for the log. If it can't be restored whole, its directory stays as it was.
func (r *restorer) restore(cache cacheDir) (string, error) {
	began := time.Now()
	file, err := r.open(cache.name)
	if errors.Is(err, fs.ErrNotExist) {
		return "no cache yet", nil
	}
	if err != nil {
		return "", err
	}
	defer file.Close()
	tree, err := os.OpenRoot(cache.dir)
	if err != nil {
		return "", fmt.Errorf("cannot open its directory %s: %w", shown(cache.dir), cause(err))
	}
	defer tree.Close()
	u, err := newUnpacker(tree, r.buffer)
	if err != nil {
		return "", err
	}
	if err := u.unpack(stoppable{file, r.stop}); err != nil {
		return "", r.undo(u, err)
	}
	return fmt.Sprintf("restored %s in %s in %s", sizeText(u.content), filesText(u.files), took(began)), nil
}

func (r *restorer) open(name string) (*os.File, error) {
	folder, err := r.storage.folder(r.job.key, false)
	if err == nil {
		defer folder.Close()
		file, failed := openArchive(folder, name)
		if failed == nil {
			return file, nil
		}
		err = failed
	}
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, err
	case isGone(err), errors.Is(err, errIrregular), errors.Is(err, syscall.ENOTDIR), errors.Is(err, syscall.ELOOP):
		return nil, unreadable(err)
	}
	return nil, storageError("cannot open "+shown(r.job.archivePath(name)), err)
}

// undo removes what was restored, and says why.
func (r *restorer) undo(u *unpacker, why error) error {
	if err := u.undo(); err != nil {
		return fmt.Errorf("%w; and what was restored before that cannot be removed: %v", why, cause(err))
	}
	switch {
	case errors.Is(why, errStopped):
		return why
	case errors.Is(why, errMalformed), isGone(why):
		return unreadable(why)
	case isFull(why):
		return notef("%v; it starts empty", why)
	}
	return fmt.Errorf("%w; it starts empty", why)
}

func unreadable(err error) error {
	return notef("the saved cache cannot be read: %v; it starts empty", cause(err))
}

// stoppable ends with errStopped after a stop signal.
type stoppable struct {
	from io.Reader
	stop <-chan struct{}
}

func (s stoppable) Read(p []byte) (int, error) {
	select {
	case <-s.stop:
		return 0, errStopped
	default:
		return s.from.Read(p)
	}
}
