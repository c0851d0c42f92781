package main

import (
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strings"
	"time"
)

// draftAge is when a temporary file can't belong to a running build any more.
const draftAge = 24 * time.Hour

// archive is the archive of a cache in the storage.
type archive struct {
	path string
	size int64
	used time.Time
}

// clean removes caches that are too old, and the longest unused ones while all together are too large.
func (s *saver) clean() error {
	all, err := s.storage.archives()
	if err != nil {
		return storageError("cannot list the caches", err)
	}
	total := int64(0)
	for _, a := range all {
		total = plus(total, a.size)
	}
	limit, now := s.job.totalBytes, time.Now()
	var failed error
	for _, a := range all {
		why := ""
		switch unused := now.Sub(a.used); {
		case s.kept[a.path]:
			continue
		case s.job.maxAgeMs > 0 && unused.Milliseconds() > s.job.maxAgeMs:
		case limit > 0 && total > limit:
			why = fmt.Sprintf(": all are more than the limit of %s (HANGAR_CACHE_TOTAL_SIZE)", sizeText(limit))
		default:
			continue
		}
		if err := s.remove(a, why); err == nil {
			total -= a.size
		} else if failed == nil {
			failed = err
		}
	}
	return failed
}

// makeRoom removes the longest unused caches until so many bytes are free, or none if that can't be.
func (s *saver) makeRoom(missing int64, replaced string) error {
	all, err := s.storage.archives()
	if err != nil {
		return storageError("cannot list the caches", err)
	}
	all = slices.DeleteFunc(all, func(a archive) bool { return a.path == replaced || s.kept[a.path] })
	free := int64(0)
	for _, a := range all {
		free = plus(free, a.size)
	}
	if free < missing || len(all) == 0 {
		return note("the storage is full")
	}
	for _, a := range all {
		if err := s.remove(a, ": the storage is full"); err != nil {
			return err
		}
		if missing -= a.size; missing <= 0 {
			return nil
		}
	}
	return nil
}

// remove removes an archive, unless another build has used or removed it meanwhile.
func (s *saver) remove(a archive, why string) error {
	found, err := s.storage.root.Lstat(a.path)
	if err == nil && !found.ModTime().Equal(a.used) {
		return nil
	}
	if err == nil {
		err = s.storage.root.Remove(a.path)
	}
	if isGone(err) {
		return nil
	}
	if err != nil {
		return storageError("cannot remove "+s.nameOf(a), err)
	}
	s.job.say("removed %s, unused for %s%s", s.nameOf(a), ageText(time.Since(a.used)), why)
	return nil
}

// nameOf names a cache of this build. The log of a public repository must not tell which others there are.
func (s *saver) nameOf(a archive) string {
	if name, isOwn := strings.CutPrefix(a.path, s.job.key+"/"); isOwn {
		return "the cache " + shown(strings.TrimSuffix(name, archiveEnd))
	}
	return "a cache of other builds (" + sizeText(a.size) + ")"
}

// archives lists all archives of the storage, the longest unused first, and removes temporary files that are too old.
func (s *storage) archives() ([]archive, error) {
	found := []archive{}
	err := s.list(s.root, "", &found)
	slices.SortFunc(found, func(a, b archive) int {
		if order := a.used.Compare(b.used); order != 0 {
			return order
		}
		return strings.Compare(a.path, b.path)
	})
	return found, err
}

// list adds the archives in a folder, and those below it.
func (s *storage) list(at *os.Root, path string, found *[]archive) error {
	names, err := namesIn(at)
	if err != nil {
		return ifLasting(err)
	}
	isHere := map[string]bool{}
	for _, name := range names {
		isHere[name] = true
	}
	for _, name := range names {
		info, err := at.Lstat(name)
		switch {
		case err != nil:
		case info.IsDir() && name[0] != '.':
			err = s.listBelow(at, path, info, found)
		case info.Mode().IsRegular():
			err = s.listFile(at, path, info, isHere, found)
		}
		if err := ifLasting(err); err != nil {
			return err
		}
	}
	return nil
}

// listFile adds an archive, or removes an old draft. Only files beside which the gate has put a lock are its own: the operator may
// have named a directory that has other archives, too. Nor is a folder that starts with a dot: servers keep snapshots there.
func (s *storage) listFile(at *os.Root, path string, info fs.FileInfo, isHere map[string]bool, found *[]archive) error {
	name := info.Name()
	if cache, isDraft := cacheOfDraft(name); isDraft {
		if isHere["."+cache+lockEnd] && time.Since(info.ModTime()) > draftAge {
			return at.Remove(name)
		}
		return nil
	}
	if cache, isArchive := strings.CutSuffix(name, archiveEnd); isArchive && isHere["."+cache+lockEnd] {
		*found = append(*found, archive{path + name, info.Size(), info.ModTime()})
	}
	return nil
}

func (s *storage) listBelow(at *os.Root, path string, info fs.FileInfo, found *[]archive) error {
	folder, err := enter(at, info.Name(), info)
	if err != nil {
		return err
	}
	defer folder.Close()
	return s.list(folder, path+info.Name()+"/", found)
}

// ifLasting drops the errors of a storage that other builds clean at the same time, and of folders that aren't the gate's, such
// as lost+found.
func ifLasting(err error) error {
	if isGone(err) || isDenied(err) {
		return nil
	}
	return err
}
