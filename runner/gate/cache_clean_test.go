package main

import (
	"fmt"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

const day = 24 * time.Hour

func TestCacheCleaningByAge(t *testing.T) {
	c := newCacheTest(t)
	put(t, c.dir+"/a", "a")
	c.mustSave("npm: saved")
	old := time.Now().Add(-99 * day)
	ok(t, os.Chtimes(c.stored("npm.tar"), old, old))
	c.putArchive(testKey+"/go.tar", 10, 31*day)
	c.putArchive("other/just-old.tar", 2048, 30*day+time.Minute)
	c.putArchive("other/not-yet.tar", 10, 30*day-time.Minute)
	c.limits[2] = (30 * day).Milliseconds()

	code, log := c.save()

	want := "npm: unchanged\nremoved the cache go, unused for 31d\nremoved a cache of other builds (2 KiB), unused for 30d\n"
	if code != 0 || log != want {
		t.Errorf("code %d, log %q", code, log)
	}
	c.mustHave("npm.tar other/not-yet.tar")
}

func TestCacheCleaningByTotal(t *testing.T) {
	c := newCacheTest(t)
	put(t, c.dir+"/a", "a")
	c.mustSave("npm: saved")
	own := c.used()
	c.putArchive("a/one.tar", 1000, 3*time.Hour)
	c.putArchive("a/two.tar", 1000, 2*time.Hour)
	c.putArchive("b/three.tar", 1000, time.Hour)
	for _, step := range []struct {
		total int64
		left  string
	}{
		{0, "a/one.tar a/two.tar b/three.tar npm.tar"},
		{own + 3000, "a/one.tar a/two.tar b/three.tar npm.tar"},
		{own + 2999, "a/two.tar b/three.tar npm.tar"},
		{own + 1000, "b/three.tar npm.tar"},
		{1, "npm.tar"},
	} {
		c.limits[1] = step.total
		old := time.Now().Add(-9 * time.Hour)
		ok(t, os.Chtimes(c.stored("npm.tar"), old, old))
		c.mustSave("npm: unchanged")
		c.mustHave(step.left)
	}
}

func TestCacheCleaningCountsWhatWasRemovedForItsAge(t *testing.T) {
	c := newCacheTest(t)
	put(t, c.dir+"/a", "a")
	c.putArchive("a/expired.tar", 5000, 3*day)
	c.putArchive("a/young.tar", 5000, time.Hour)
	c.limits = [3]int64{0, 9100, day.Milliseconds()}
	c.mustSave("npm: saved")
	c.mustHave("a/young.tar npm.tar")
}

func TestCacheCleaningLeavesWhatIsNotItsOwn(t *testing.T) {
	c := newCacheTest(t)
	put(t, c.dir+"/a", "a")
	ancient := time.Now().Add(-999 * day)
	for _, name := range []string{"backup.tar", "data/backup.tar", "data/npm.tar.gz", "data/.npm.lock", "data/.npm.ABC.tmp2", "x/.foreign.ABC.tmp"} {
		put(t, c.storage+"/"+name, "x")
		ok(t, os.Chtimes(c.storage+"/"+name, ancient, ancient))
	}
	c.putArchive(".snapshot/key/npm.tar", 10, 999*day)
	outside := newCacheTest(t)
	outside.putArchive("key/npm.tar", 10, 999*day)
	ok(t, os.Symlink(outside.storage, c.storage+"/link"))
	put(t, c.storage+"/data/.link.lock", "")
	ok(t, os.Symlink(outside.storage+"/key/npm.tar", c.storage+"/data/link.tar"))
	c.limits = [3]int64{0, 1, 1000}
	c.mustSave("npm: saved")
	c.mustHave(".snapshot/key/npm.tar backup.tar data/.npm.ABC.tmp2 data/backup.tar data/link.tar data/npm.tar.gz npm.tar link x/.foreign.ABC.tmp")
	outside.mustHave("key/npm.tar")
}

func TestCacheCleaningRemovesOldDrafts(t *testing.T) {
	c := newCacheTest(t)
	put(t, c.dir+"/a", "a")
	c.putArchive("k/npm.tar", 10, time.Hour)
	for name, age := range map[string]time.Duration{"k/.npm.OLD.tmp": day + time.Minute, "k/.npm.YOUNG.tmp": day - time.Minute, "k/.go.OLD.tmp": 9 * day} {
		at := time.Now().Add(-age)
		put(t, c.storage+"/"+name, "x")
		ok(t, os.Chtimes(c.storage+"/"+name, at, at))
	}
	c.mustSave("npm: saved")
	c.mustHave("npm.tar k/.go.OLD.tmp k/.npm.YOUNG.tmp k/npm.tar")
}

func TestCacheCleaningByManyAtOnce(t *testing.T) {
	c := newCacheTest(t)
	for n := range 300 {
		c.putArchive(fmt.Sprintf("k%d/npm.tar", n), 10, 2*day)
	}
	c.limits[2] = day.Milliseconds()
	builds := sync.WaitGroup{}
	removed := make([]int, 4)
	for build := range removed {
		dir := t.TempDir()
		put(t, dir+"/a", fmt.Sprint(build))
		builds.Go(func() {
			job, log := c.job(true, cacheDir{fmt.Sprint("c", build), dir})
			if code := job.run(); code != 0 {
				t.Errorf("code %d: %s", code, log)
			}
			removed[build] = strings.Count(log.String(), "removed")
		})
	}
	builds.Wait()
	if sum := removed[0] + removed[1] + removed[2] + removed[3]; sum != 300 {
		t.Errorf("%v say that they have removed one of 300", removed)
	}
	c.mustHave("c0.tar c1.tar c2.tar c3.tar")
}

func TestCacheCleaningPassesWhatOthersHaveRemoved(t *testing.T) {
	for err, isPassed := range map[error]bool{
		syscall.ENOENT: true, syscall.ESTALE: true, errReplaced: true, syscall.EACCES: true, syscall.EIO: false, syscall.EROFS: false,
	} {
		if left := ifLasting(err); (left == nil) != isPassed {
			t.Errorf("%v becomes %v", err, left)
		}
	}
}

func TestCacheThatWasUsedMeanwhileStays(t *testing.T) {
	c := newCacheTest(t)
	c.putArchive("k/used.tar", 10, 2*day)
	c.putArchive("k/unused.tar", 10, 2*day)
	job, _ := c.job(true)
	store, err := openStorage(c.storage)
	ok(t, err)
	s := &saver{job: job, storage: store}
	all, err := store.archives()
	ok(t, err)
	ok(t, os.Chtimes(c.storage+"/k/used.tar", time.Now(), time.Now()))
	for _, a := range append(all, archive{path: "k/gone.tar"}) {
		ok(t, s.remove(a, ""))
	}
	c.mustHave("k/used.tar")
}

func TestCacheCleaningPassesFoldersOfOthers(t *testing.T) {
	c := newCacheTest(t)
	forNobody(t, c.storage, 0o777)
	forNobody(t, c.dir, 0o755)
	put(t, c.dir+"/a", "a")
	c.putArchive("k/old.tar", 10, 2*day)
	ok(t, os.Chmod(c.storage+"/k", 0o777))
	ok(t, os.Mkdir(c.storage+"/lost+found", 0))
	ok(t, syscall.Mkfifo(c.storage+"/pipe", 0o666))
	c.limits[2] = day.Milliseconds()
	asNobody(t, func() { c.mustSave("removed a cache of other builds (10 B), unused for 2d") })
	c.mustHave("npm.tar pipe")

	c.putArchive("m/old.tar", 10, 2*day)
	ok(t, os.Chmod(c.storage+"/m", 0o555))
	defer os.Chmod(c.storage+"/m", 0o755)
	asNobody(t, func() {
		if code, log := c.save(); code != 1 || !strings.Contains(log, "npm: unchanged\n") || !strings.Contains(log, "cannot remove a cache of other builds (10 B): permission denied") {
			t.Errorf("code %d, log %q", code, log)
		}
	})
}
