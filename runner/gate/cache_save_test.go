package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// smallStorage creates archives in a storage that has room for so many bytes.
func (t *cacheTest) smallStorage(room int64) {
	t.create = func(folder *os.Root, name string) (archiveFile, error) {
		file, err := createFile(folder, name)
		return &smallFile{archiveFile: file, test: t, room: room}, err
	}
}

type smallFile struct {
	archiveFile
	test *cacheTest
	room int64
}

// Write writes what fits, as the system does.
func (f *smallFile) Write(p []byte) (int, error) {
	fits := min(max(f.room-f.test.used(), 0), int64(len(p)))
	n, err := f.archiveFile.Write(p[:fits])
	if err == nil && n < len(p) {
		err = &os.PathError{Op: "write", Path: "archive", Err: syscall.ENOSPC}
	}
	return n, err
}

// used is what all files of the storage take.
func (t *cacheTest) used() int64 {
	sum := int64(0)
	ok(t.T, filepath.Walk(t.storage, func(_ string, info os.FileInfo, err error) error {
		if err == nil && info.Mode().IsRegular() {
			sum += info.Size()
		}
		return err
	}))
	return sum
}

// brokenFile fails when it is written or synced.
type brokenFile struct {
	archiveFile
	writing, syncing error
}

func (f *brokenFile) Write(p []byte) (int, error) {
	if f.writing != nil {
		return 0, f.writing
	}
	return f.archiveFile.Write(p)
}

func (f *brokenFile) Sync() error { return errorsOf(f.syncing, f.archiveFile.Sync()) }

func (t *cacheTest) brokenStorage(writing, syncing error) {
	t.create = func(folder *os.Root, name string) (archiveFile, error) {
		file, err := createFile(folder, name)
		return &brokenFile{file, writing, syncing}, err
	}
}

// putArchive puts an archive of other builds into the storage, with its lock, that was used so long ago.
func (t *cacheTest) putArchive(path string, size int, unused time.Duration) {
	t.Helper()
	whole := filepath.Join(t.storage, path)
	put(t.T, whole, strings.Repeat("x", size))
	put(t.T, filepath.Join(filepath.Dir(whole), "."+strings.TrimSuffix(filepath.Base(whole), ".tar")+".lock"), "")
	at := time.Now().Add(-unused)
	ok(t.T, os.Chtimes(whole, at, at))
}

// left lists the archives and temporary files of the storage.
func (t *cacheTest) left() string {
	names := []string{}
	ok(t.T, filepath.Walk(t.storage, func(path string, info os.FileInfo, err error) error {
		if err == nil && !info.IsDir() && !strings.HasSuffix(path, ".lock") {
			name, _ := filepath.Rel(t.storage, path)
			names = append(names, strings.TrimPrefix(name, testKey+"/"))
		}
		if errors.Is(err, os.ErrPermission) {
			return nil
		}
		return err
	}))
	return strings.Join(names, " ")
}

func (t *cacheTest) mustHave(want string) {
	t.Helper()
	if got := t.left(); got != want {
		t.Errorf("the storage has %s, and not %s", got, want)
	}
}

func TestCacheHasOneWriter(t *testing.T) {
	c := newCacheTest(t)
	put(t, c.dir+"/a", "first")
	c.mustSave("npm: saved")
	archive := c.archive()
	other, err := os.OpenFile(c.stored(".npm.lock"), os.O_RDWR, 0)
	ok(t, err)
	ok(t, flock(int(other.Fd()), syscall.LOCK_EX))

	c.mustSave("npm: unchanged")
	put(t, c.dir+"/a", "second")
	put(t, c.stored(".npm.OTHERS.tmp"), "")
	c.mustSave("npm: not saved: another build is saving it")
	if c.archive() != archive {
		t.Error("it is saved in spite of the lock")
	}
	c.mustHave(".npm.OTHERS.tmp npm.tar")

	other.Close()
	c.mustSave("npm: saved")
	c.mustHave("npm.tar")
}

func TestCacheOfTwoBuildsAtOnceIsThatOfOne(t *testing.T) {
	c := newCacheTest(t)
	builds := sync.WaitGroup{}
	for build := range 4 {
		dir := t.TempDir()
		for n := range 20 {
			put(t, fmt.Sprintf("%s/%d", dir, n), strings.Repeat(fmt.Sprint(build), 10_000))
		}
		builds.Go(func() {
			for range 20 {
				job, log := c.job(true, cacheDir{"npm", dir})
				if code := job.run(); code != 0 {
					t.Errorf("code %d: %s", code, log)
				}
			}
		})
	}
	builds.Wait()
	other := t.TempDir()
	c.mustRestore(other, "restored")
	contents := map[string]bool{}
	for n := range 20 {
		text, err := os.ReadFile(fmt.Sprintf("%s/%d", other, n))
		ok(t, err)
		contents[string(text)] = true
	}
	if len(contents) != 1 {
		t.Errorf("it mixes those of %d builds", len(contents))
	}
	c.mustHave("npm.tar")
}

func TestCacheRemovesWhatKilledWritersHaveLeft(t *testing.T) {
	c := newCacheTest(t)
	put(t, c.dir+"/a", "a")
	for _, name := range []string{".npm.ABC.tmp", ".npm.x.ABC.tmp", ".go.ABC.tmp", "npm.ABC.tmp", ".npm.tmp", ".npm.ABC.tmp.tar", ".tmp"} {
		put(t, c.stored(name), "")
	}
	c.mustSave("npm: saved")
	c.mustHave(".go.ABC.tmp .npm.ABC.tmp.tar .npm.tmp .npm.x.ABC.tmp .tmp npm.ABC.tmp npm.tar")
}

func TestCacheStaysIfTheNewArchiveFails(t *testing.T) {
	for name, errs := range map[string][2]error{
		"when it is written": {syscall.EIO, nil},
		"when it is synced":  {nil, syscall.EIO},
		"by a lost server":   {nil, syscall.ESTALE},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCacheTest(t)
			put(t, c.dir+"/a", "first")
			c.mustSave("npm: saved")
			archive := c.archive()
			put(t, c.dir+"/a", "second")
			put(t, c.dir+"/other/b", "b")
			c.brokenStorage(errs[0], errs[1])

			job, log := c.job(true, cacheDir{"npm", c.dir}, cacheDir{"empty", t.TempDir()})
			code := job.run()

			if code != 1 || !strings.Contains(log.String(), "npm: not saved: the storage of caches cannot be used: cannot write npm.tar: ") {
				t.Errorf("code %d, log %q", code, log)
			}
			if !strings.Contains(log.String(), "empty: not saved: it is empty") {
				t.Errorf("the next cache was not tried: %q", log)
			}
			if c.archive() != archive {
				t.Error("the archive has changed")
			}
			c.mustHave("npm.tar")
		})
	}
}

func TestCacheMakesRoomInAFullStorage(t *testing.T) {
	// The storage has 45,000 bytes of others.
	for name, c := range map[string]struct {
		size, room int64
		want       string
		left       string
	}{
		"with room":             {20_000, 70_000, "saved", "a/old.tar b/older.tar b/oldest.tar npm.tar"},
		"if one is enough":      {20_000, 60_000, "saved", "a/old.tar b/older.tar npm.tar"},
		"if it needs two":       {20_000, 50_000, "saved", "a/old.tar npm.tar"},
		"if it needs all":       {40_000, 46_000, "saved", "npm.tar"},
		"if all are not enough": {60_000, 50_000, "not saved: the storage is full", "a/old.tar b/older.tar b/oldest.tar"},
	} {
		t.Run(name, func(t *testing.T) {
			test := newCacheTest(t)
			put(t, test.dir+"/a", strings.Repeat("x", int(c.size)))
			test.putArchive("a/old.tar", 15_000, 4*time.Hour)
			test.putArchive("b/oldest.tar", 10_000, 9*time.Hour)
			test.putArchive("b/older.tar", 20_000, 5*time.Hour)
			test.smallStorage(c.room)
			test.mustSave("npm: " + c.want)
			test.mustHave(c.left)
		})
	}
}

func TestCacheIsNotRemovedForItsOwnSuccessor(t *testing.T) {
	c := newCacheTest(t)
	put(t, c.dir+"/a", strings.Repeat("x", 10_000))
	c.mustSave("npm: saved")
	old := time.Now().Add(-time.Hour)
	ok(t, os.Chtimes(c.stored("npm.tar"), old, old))
	c.putArchive("a/young.tar", 13_000, time.Minute)
	archive := c.archive()
	put(t, c.dir+"/b", strings.Repeat("x", 5_000))

	c.smallStorage(c.used() + 100)
	c.mustSave("npm: not saved: the storage is full")
	if c.archive() != archive {
		t.Error("the former archive is gone")
	}
	c.smallStorage(c.used() + 8_000)
	c.mustSave("npm: saved")
	c.mustHave("npm.tar")
}

func TestCacheOfThisBuildIsNotRemovedForItsNext(t *testing.T) {
	c := newCacheTest(t)
	second := t.TempDir()
	put(t, c.dir+"/a", strings.Repeat("x", 10_000))
	put(t, second+"/a", strings.Repeat("x", 10_000))
	c.putArchive("a/old.tar", 12_000, time.Hour)
	c.smallStorage(20_000)
	job, log := c.job(true, cacheDir{"npm", c.dir}, cacheDir{"go", second})
	if code := job.run(); code != 0 || !strings.Contains(log.String(), "npm: saved") || !strings.Contains(log.String(), "go: not saved: the storage is full") {
		t.Errorf("log %q", log)
	}
	c.mustHave("npm.tar")
}

func TestCacheMakesRoomAFewTimesOnly(t *testing.T) {
	for name, errs := range map[string][2]error{
		"while it is written": {syscall.ENOSPC, nil},
		"when it is synced":   {nil, syscall.ENOSPC},
		"by a quota":          {syscall.EDQUOT, nil},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCacheTest(t)
			put(t, c.dir+"/a", "a")
			for n := range 9 {
				c.putArchive(fmt.Sprintf("a/%d.tar", n), 10_000, time.Duration(9-n)*time.Hour)
			}
			c.brokenStorage(errs[0], errs[1])
			c.mustSave("npm: not saved: the storage is full")
			c.mustHave("a/4.tar a/5.tar a/6.tar a/7.tar a/8.tar")
		})
	}
}

// TestCacheWithoutLocks: in a file system without locks the rename decides, and a draft may belong to a build that is running.
func TestCacheWithoutLocks(t *testing.T) {
	for errno, want := range map[syscall.Errno]string{
		syscall.ENOLCK: "npm: saved", syscall.EOPNOTSUPP: "npm: saved", syscall.ENOSYS: "npm: saved",
		syscall.EWOULDBLOCK: "npm: not saved: another build is saving it",
		syscall.EIO:         "npm: not saved: the storage of caches cannot be used: cannot lock .npm.lock: input/output error",
	} {
		t.Run(errno.Error(), func(t *testing.T) {
			c := newCacheTest(t)
			put(t, c.dir+"/a", "a")
			put(t, c.stored(".npm.OTHERS.tmp"), "")
			c.flock = func(int, int) error { return errno }
			code, log := c.save()
			if (code == 1) != (errno == syscall.EIO) || !strings.HasPrefix(log, want) {
				t.Errorf("code %d, log %q", code, log)
			}
			if want == "npm: saved" {
				c.mustHave(".npm.OTHERS.tmp npm.tar")
			} else {
				c.mustHave(".npm.OTHERS.tmp")
			}
		})
	}
}

func TestCacheStorageWithOtherThings(t *testing.T) {
	for name, c := range map[string]struct {
		make func(t *cacheTest, outside string) error
		code int
		want string
	}{
		"nothing": {func(*cacheTest, string) error { return nil }, 0, "npm: saved"},
		"an archive that is a link": {func(t *cacheTest, outside string) error {
			return os.Symlink(outside+"/file", t.stored("npm.tar"))
		}, 0, "npm: saved"},
		"an archive that is a pipe":   {func(t *cacheTest, _ string) error { return syscall.Mkfifo(t.stored("npm.tar"), 0o666) }, 0, "npm: saved"},
		"an archive that is a folder": {func(t *cacheTest, _ string) error { return os.Mkdir(t.stored("npm.tar"), 0o755) }, 1, "cannot write npm.tar: file exists"},
		"a lock that is a link to a file": {func(t *cacheTest, outside string) error {
			return os.Symlink(outside+"/file", t.stored(".npm.lock"))
		}, 1, "cannot lock .npm.lock: it is not a regular file (the operator must remove it)"},
		"a lock that is a link to nothing": {func(t *cacheTest, _ string) error {
			return os.Symlink("new", t.stored(".npm.lock"))
		}, 1, "cannot lock .npm.lock: it is not a regular file"},
		"a lock that is a pipe":   {func(t *cacheTest, _ string) error { return syscall.Mkfifo(t.stored(".npm.lock"), 0o666) }, 1, "not a regular file"},
		"a lock that is a folder": {func(t *cacheTest, _ string) error { return os.Mkdir(t.stored(".npm.lock"), 0o755) }, 1, "not a regular file"},
		"a key that is a link to outside": {func(t *cacheTest, outside string) error {
			return errorsOf(os.RemoveAll(t.stored("")), os.Symlink(outside, t.stored("")))
		}, 1, "not a directory"},
		"a key that is a link to another": {func(t *cacheTest, _ string) error {
			return errorsOf(os.RemoveAll(t.stored("")), os.Mkdir(t.storage+"/other", 0o755), os.Symlink(t.storage+"/other", t.stored("")))
		}, 1, "not a directory"},
		"a key that is a file": {func(t *cacheTest, _ string) error {
			return errorsOf(os.RemoveAll(t.stored("")), os.WriteFile(t.stored(""), nil, 0o644))
		}, 1, "not a directory"},
	} {
		t.Run(name, func(t *testing.T) {
			test, outside := newCacheTest(t), t.TempDir()
			put(t, test.dir+"/a", "a")
			put(t, outside+"/file", "untouched")
			ok(t, os.MkdirAll(test.stored(""), 0o755))
			ok(t, c.make(test, outside))
			inTime(t, func() {
				if code, log := test.save(); code != c.code || !strings.Contains(log, c.want) {
					t.Errorf("code %d, log %q", code, log)
				}
			})
			if text, _ := os.ReadFile(outside + "/file"); string(text) != "untouched" || namesOf(t, outside) != "file" {
				t.Errorf("it has written %q to %s", text, namesOf(t, outside))
			}
			if _, err := os.Lstat(test.stored("new")); err == nil {
				t.Error("it has written through the link")
			}
			if other, err := os.ReadDir(test.storage + "/other"); err == nil && len(other) > 0 {
				t.Error("it has written to another key")
			}
		})
	}
}

func TestCacheReplacesAnArchiveThatIsNotWhole(t *testing.T) {
	c := newCacheTest(t)
	put(t, c.dir+"/a", strings.Repeat("a", 2000))
	c.mustSave("npm: saved")
	whole := c.archive()
	for size := len(whole); size >= 0; size -= 512 {
		ok(t, os.WriteFile(c.stored("npm.tar"), []byte(whole[:size]), 0o644))
		if size == len(whole) {
			c.mustSave("npm: unchanged")
		} else {
			c.mustSave("npm: saved")
		}
	}
}

func TestCacheStorageThatCantBeUsed(t *testing.T) {
	c := newCacheTest(t)
	put(t, c.dir+"/a", "a")
	other := t.TempDir()
	for _, run := range []func() (int, string){c.save, func() (int, string) { return c.restore(other) }} {
		storage := c.storage
		c.storage = storage + "/missing"
		if code, log := run(); code != 1 || !strings.Contains(log, "/missing: no such file or directory (the operator must check the storage that HANGAR_CACHE names)") {
			t.Errorf("code %d, log %q", code, log)
		}
		put(t, storage+"/file", "")
		c.storage = storage + "/file"
		if code, log := run(); code != 1 || !strings.Contains(log, "not a directory") {
			t.Errorf("code %d, log %q", code, log)
		}
		c.storage = storage
	}
}

func TestCacheStorageWithoutRights(t *testing.T) {
	for name, c := range map[string]struct {
		mode           os.FileMode
		saves, restore string
	}{
		"all rights":        {0o777, "npm: saved", "npm: no cache yet"},
		"no right to write": {0o555, "permission denied (the operator must let user ", "npm: no cache yet"},
		"no rights":         {0, "permission denied (the operator must let user ", "permission denied (the operator must let user "},
	} {
		t.Run(name, func(t *testing.T) {
			test, other := newCacheTest(t), t.TempDir()
			put(t, test.dir+"/a", "a")
			forNobody(t, test.dir, 0o755)
			forNobody(t, test.storage, c.mode)
			defer os.Chmod(test.storage, 0o755)
			asNobody(t, func() {
				if code, log := test.restore(other); (code == 1) != strings.Contains(c.restore, "denied") || !strings.Contains(log, c.restore) {
					t.Errorf("code %d, log %q", code, log)
				}
				if code, log := test.save(); (code == 1) != strings.Contains(c.saves, "denied") || !strings.Contains(log, c.saves) {
					t.Errorf("code %d, log %q", code, log)
				}
			})
		})
	}
}
