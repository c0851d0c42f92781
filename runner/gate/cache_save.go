package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"time"
)

// fullTries bounds how often room is made for one archive: other builds may fill the storage meanwhile.
const fullTries = 5

// archiveFile is an archive that is being written.
type archiveFile interface {
	io.Writer
	Sync() error
	Close() error
}

// createArchive creates a file in a folder of the storage. Tests put a small storage in its place.
type createArchive func(folder *os.Root, name string) (archiveFile, error)

func createFile(folder *os.Root, name string) (archiveFile, error) {
	return folder.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, storageFileMode)
}

// saver saves the caches of a build.
type saver struct {
	job     *cacheJob
	storage *storage
	buffer  []byte
	kept    map[string]bool // archives that this build has saved or found unchanged
}

// fullError says how many bytes an archive lacks.
type fullError struct{ missing int64 }

func (fullError) Error() string { return "no space left" }

// save saves one cache, and returns the line for the log.
func (s *saver) save(cache cacheDir) (string, error) {
	began := time.Now()
	tree, err := os.OpenRoot(cache.dir)
	if err != nil {
		return "", fmt.Errorf("cannot open its directory %s: %w", shown(cache.dir), cause(err))
	}
	defer tree.Close()
	found, err := measure(tree)
	switch limit := s.job.maxBytes; {
	case err != nil:
		return "", err
	case found.files == 0:
		return "", note("it is empty")
	case limit > 0 && found.size > limit:
		is, allowed := sizesApart(found.size, limit)
		return "", notef("%s are more than the limit of %s (HANGAR_CACHE_SIZE)", is, allowed)
	}
	isSame, err := s.saveTree(cache.name, tree, found)
	if err != nil {
		return "", err
	}
	s.kept[s.job.archivePath(cache.name)] = true
	if isSame {
		return "unchanged", nil
	}
	return fmt.Sprintf("saved %s in %s in %s", sizeText(found.content), filesText(found.files), took(began)), nil
}

// saveTree saves a tree that was measured, and makes room in a full storage. It reports whether the archive was the same already.
func (s *saver) saveTree(name string, tree *os.Root, found *tally) (isSame bool, err error) {
	for try := 1; ; try++ {
		isSame, err = s.attempt(name, tree, found)
		var full fullError
		if !errors.As(err, &full) {
			return isSame, err
		}
		if try == fullTries {
			return false, note("the storage is full")
		}
		if err := s.makeRoom(full.missing, s.job.archivePath(name)); err != nil {
			return false, err
		}
	}
}

func (s *saver) attempt(name string, tree *os.Root, found *tally) (isSame bool, err error) {
	folder, err := s.storage.folder(s.job.key, true)
	if err != nil {
		return false, saveError("cannot make the folder "+shown(s.job.key), err)
	}
	defer folder.Close()
	if isSame, err = touchSame(folder, name, found); isSame || err != nil {
		return isSame, saveError("cannot mark the archive as used", err)
	}
	lock, err := lockCache(folder, name, s.job.flock)
	if err != nil {
		return false, saveError("cannot lock "+shown("."+name+lockEnd), err)
	}
	defer lock.file.Close()
	if lock.held {
		if err := removeDrafts(folder, name); err != nil {
			return false, saveError("cannot remove what an earlier build left behind", err)
		}
	}
	return false, s.write(folder, name, tree, found)
}

// saveError adds to an error of the storage what to do about it. A full one lacks a byte at least.
func saveError(doing string, err error) error {
	var expected note
	var inTree treeFailure
	switch {
	case err == nil, errors.As(err, &expected), errors.As(err, &inTree):
		return err
	case isFull(err):
		return fullError{1}
	}
	return storageError(doing, err)
}

// touchSame sets the time of an archive that is up to date: the longest unused ones are removed first.
func touchSame(folder *os.Root, name string, found *tally) (bool, error) {
	file, err := openArchive(folder, name)
	if err != nil {
		// It is missing, or no archive of this user, and will be replaced.
		return false, nil
	}
	defer file.Close()
	if storedDigest(file) != found.digest() {
		return false, nil
	}
	now := time.Now()
	err = folder.Chtimes(name+archiveEnd, now, now)
	if isGone(err) {
		return false, nil
	}
	return true, err
}

// write replaces the archive by a new one. Whatever goes wrong before the rename, the old one stays.
func (s *saver) write(folder *os.Root, name string, tree *os.Root, found *tally) error {
	draft := draftName(name)
	file, err := s.job.create(folder, draft)
	if err != nil {
		return saveError("cannot create "+shown(draft), err)
	}
	counted := &counter{to: file}
	err = pack(counted, tree, found, s.buffer)
	if err == nil {
		err = file.Sync()
	}
	if closed := file.Close(); err == nil {
		err = closed
	}
	if err == nil {
		err = folder.Rename(draft, name+archiveEnd)
	}
	if err == nil {
		return nil
	}
	if gone := folder.Remove(draft); gone != nil && !errors.Is(gone, fs.ErrNotExist) {
		err = errors.Join(err, storageError("cannot remove "+shown(draft), gone))
	}
	err = saveError("cannot write "+shown(name+archiveEnd), err)
	if _, isFull := err.(fullError); isFull {
		return fullError{max(found.most()-counted.written, 1)}
	}
	return err
}

// counter counts what was written.
type counter struct {
	to      io.Writer
	written int64
}

func (c *counter) Write(p []byte) (int, error) {
	n, err := c.to.Write(p)
	c.written += int64(n)
	return n, err
}
