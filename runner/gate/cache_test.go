package main

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"
)

const testKey = "drone.example.com/octocat/hello/linux-amd64"

// cacheTest is a storage and a directory of a build, with which jobs run.
type cacheTest struct {
	*testing.T
	storage string
	dir     string
	create  createArchive
	flock   lockFile
	limits  [3]int64 // --max-bytes, --total-bytes, --max-age-ms
}

func newCacheTest(t *testing.T) *cacheTest {
	t.Helper()
	return &cacheTest{T: t, storage: t.TempDir(), dir: t.TempDir(), create: createFile, flock: flock}
}

func (t *cacheTest) job(saves bool, caches ...cacheDir) (*cacheJob, *strings.Builder) {
	log := &strings.Builder{}
	return &cacheJob{
		saves: saves, storage: t.storage, key: testKey, caches: caches, log: log, create: t.create, flock: t.flock,
		maxBytes: t.limits[0], totalBytes: t.limits[1], maxAgeMs: t.limits[2],
	}, log
}

// save saves the directory as cache npm, and returns exit code and log.
func (t *cacheTest) save() (int, string) {
	job, log := t.job(true, cacheDir{"npm", t.dir})
	return job.run(), log.String()
}

// restore restores cache npm into a directory.
func (t *cacheTest) restore(dir string) (int, string) {
	job, log := t.job(false, cacheDir{"npm", dir})
	return job.run(), log.String()
}

// mustSave saves and expects that the log has this text.
func (t *cacheTest) mustSave(want string) {
	t.Helper()
	if code, log := t.save(); code != 0 || !strings.Contains(log, want) {
		t.Fatalf("code %d, log %q does not have %q", code, log, want)
	}
}

func (t *cacheTest) mustRestore(dir, want string) {
	t.Helper()
	if code, log := t.restore(dir); code != 0 || !strings.Contains(log, want) {
		t.Fatalf("code %d, log %q does not have %q", code, log, want)
	}
}

// stored is a path in the folder of the key.
func (t *cacheTest) stored(name string) string { return filepath.Join(t.storage, testKey, name) }

// archive is the content of the archive of cache npm, or nothing.
func (t *cacheTest) archive() string {
	text, err := os.ReadFile(t.stored("npm.tar"))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	return string(text)
}

// put writes a file, and makes its folders.
func put(t *testing.T, path, text string) {
	t.Helper()
	ok(t, os.MkdirAll(filepath.Dir(path), 0o755))
	ok(t, os.WriteFile(path, []byte(text), 0o644))
}

func ok(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func namesOf(t *testing.T, dir string) string {
	t.Helper()
	found, err := os.ReadDir(dir)
	ok(t, err)
	names := []string{}
	for _, entry := range found {
		names = append(names, entry.Name())
	}
	return strings.Join(names, " ")
}

// nobody is a user without rights.
const nobody = 65534

// asNobody runs f without the rights of root: on a thread of its own, the file system sees another user. Without root, the tests'
// user has no such rights anyway.
func asNobody(t *testing.T, f func()) {
	t.Helper()
	if os.Geteuid() != 0 {
		f()
		return
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	ok(t, syscall.Setfsgid(nobody))
	ok(t, syscall.Setfsuid(nobody))
	defer func() { ok(t, errors.Join(syscall.Setfsuid(0), syscall.Setfsgid(0))) }()
	f()
}

// forNobody lets that user reach a folder of t.TempDir.
func forNobody(t *testing.T, path string, mode os.FileMode) {
	t.Helper()
	ok(t, os.Chmod(path, mode))
	ok(t, os.Chmod(filepath.Dir(path), 0o755))
}

// inTime fails a test that hangs, instead of waiting for the end of all tests.
func inTime(t *testing.T, f func()) {
	t.Helper()
	done := make(chan struct{})
	go func() { defer close(done); f() }()
	select {
	case <-done:
	case <-time.After(20 * time.Second):
		t.Fatal("it hangs")
	}
}

func TestCacheArguments(t *testing.T) {
	limits := "--max-bytes 1 --total-bytes 0 --max-age-ms 3"
	for args, want := range map[string]string{
		"":                                                                              "restore or save",
		"remove --storage /s --key k a=/a":                                              "restore or save",
		"restore --storage /s --key k a=/a":                                             "",
		"restore --key k --storage /s a=/a":                                             "",
		"restore --key k a=/a":                                                          "--storage is missing",
		"restore --storage /s a=/a":                                                     "--key",
		"restore --storage /s --key":                                                    "--key needs a value",
		"restore --storage /s --key k":                                                  "NAME=DIR is missing",
		"restore --storage /s --key k a":                                                "must be NAME=DIR",
		"restore --storage /s --key k a=":                                               "must be NAME=DIR",
		"restore --storage /s --key k =/a":                                              "the name must be that of a file",
		"restore --storage /s --key k .a=/a":                                            "not start with a dot",
		"restore --storage /s --key k a.=/a":                                            "",
		"restore --storage /s --key k a/b=/a":                                           "the name must be that of a file",
		"restore --storage /s --key k a=/a b=/a":                                        "",
		"restore --storage /s --key k a=/a a=/b":                                        "two caches of this name",
		"restore --storage /s --key k -a=/a --b=/b":                                     "",
		"restore --storage /s --key k --max-bytes 1 a=/a":                               "must be NAME=DIR",
		"restore --storage /s --key a/b/c.d a=/a":                                       "",
		"restore --storage /s --key /a a=/a":                                            "--key",
		"restore --storage /s --key a/ a=/a":                                            "--key",
		"restore --storage /s --key a//b a=/a":                                          "--key",
		"restore --storage /s --key . a=/a":                                             "--key",
		"restore --storage /s --key a/../b a=/a":                                        "--key",
		"restore --storage /s --key a/.b a=/a":                                          "--key",
		"save --storage /s --key k a=/a":                                                "is missing",
		"save --storage /s --key k " + limits + " a=/a":                                 "",
		"save --storage /s --key k --max-bytes 1 a=/a":                                  "is missing",
		"save --storage /s --key k --max-bytes -1 a=/a":                                 "whole number",
		"save --storage /s --key k --max-bytes 1.5 a=/a":                                "whole number",
		"save --storage /s --key k --max-bytes 1e3 a=/a":                                "whole number",
		"save --storage /s --key k --max-bytes " + "9" + "999999999999999999 " + "a=/a": "whole number",
	} {
		t.Run(args, func(t *testing.T) {
			_, err := parseCacheJob(strings.Fields(args))
			if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
				t.Errorf("got %v, want %q", err, want)
			}
		})
	}
}

func TestCacheArgumentsAreTaken(t *testing.T) {
	j, err := parseCacheJob(strings.Fields("save --storage /s --key k/l --max-bytes 1 --total-bytes 2 --max-age-ms 3 a=/x=y b=/z"))
	ok(t, err)
	if !j.saves || j.storage != "/s" || j.key != "k/l" || j.maxBytes != 1 || j.totalBytes != 2 || j.maxAgeMs != 3 {
		t.Errorf("got %+v", j)
	}
	if len(j.caches) != 2 || j.caches[0] != (cacheDir{"a", "/x=y"}) || j.caches[1] != (cacheDir{"b", "/z"}) {
		t.Errorf("got %+v", j.caches)
	}
}

func TestCacheTexts(t *testing.T) {
	for got, want := range map[string]string{
		sizeText(0):                                "0 B",
		sizeText(1023):                             "1023 B",
		sizeText(1024):                             "1 KiB",
		sizeText(327_155_712):                      "312 MiB",
		sizeText(6_657_199_309):                    "6.2 GiB",
		sizeText(2 << 30):                          "2 GiB",
		sizeText(1<<63 - 1):                        "8 EiB",
		filesText(1):                               "1 file",
		filesText(999):                             "999 files",
		filesText(18_204):                          "18,204 files",
		filesText(1_000_000):                       "1,000,000 files",
		ageText(755 * time.Hour):                   "31d",
		ageText(23 * time.Hour):                    "23h",
		ageText(90 * time.Second):                  "1m",
		ageText(-time.Second):                      "0s",
		shown("a b/ü"):                             "a b/ü",
		shown("a\nb"):                              `"a\nb"`,
		shown("a\x1b[2J"):                          `"a\x1b[2J"`,
		shown("a\xff"):                             `"a\xff"`,
		shown("a\u202eb"):                          `"a\u202eb"`,
		shown(strings.Repeat("a", longestShown)):   strings.Repeat("a", longestShown),
		shown(strings.Repeat("a", longestShown+1)): `"` + strings.Repeat("a", longestShown) + `"…`,
	} {
		if got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	if a, b := sizesApart(2<<30+1, 2<<30); a != "2,147,483,649 B" || b != "2,147,483,648 B" {
		t.Errorf("got %s and %s", a, b)
	}
}
