package main

import (
	"archive/tar"
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// made is an archive of these entries, with the records of the gate around them.
func made(t *testing.T, entries ...tar.Header) string {
	t.Helper()
	return madeWith(t, record(digestKey, "0"), record(entriesKey, strconv.Itoa(len(entries))), entries...)
}

func madeWith(t *testing.T, first, last *tar.Header, entries ...tar.Header) string {
	t.Helper()
	out := &bytes.Buffer{}
	w := tar.NewWriter(out)
	add := func(h *tar.Header) {
		if h == nil {
			return
		}
		ok(t, w.WriteHeader(h))
		if h.Size > 0 {
			_, err := w.Write(bytes.Repeat([]byte("x"), int(h.Size)))
			ok(t, err)
		}
	}
	add(first)
	for _, h := range entries {
		if h.Mode == 0 {
			h.Mode = 0o755
		}
		if h.Uid == 0 {
			h.Uid = os.Geteuid()
		}
		h.Gid = os.Getegid()
		add(&h)
	}
	add(last)
	ok(t, w.Close())
	return out.String()
}

func file(name string) tar.Header   { return tar.Header{Typeflag: tar.TypeReg, Name: name, Size: 3} }
func folder(name string) tar.Header { return tar.Header{Typeflag: tar.TypeDir, Name: name} }
func symlink(name, target string) tar.Header {
	return tar.Header{Typeflag: tar.TypeSymlink, Name: name, Linkname: target}
}
func hardLink(name, target string) tar.Header {
	return tar.Header{Typeflag: tar.TypeLink, Name: name, Linkname: target}
}

// putStored puts an archive in the place of cache npm.
func (t *cacheTest) putStored(text string) {
	t.Helper()
	put(t.T, t.stored("npm.tar"), text)
}

func TestCacheWithoutAnArchive(t *testing.T) {
	c := newCacheTest(t)
	c.mustRestore(c.dir, "npm: no cache yet\n")
	put(t, c.stored("npm.tar.tar"), "")
	put(t, c.stored(".npm.ABC.tmp"), "")
	c.mustRestore(c.dir, "npm: no cache yet\n")
}

func TestCacheArchives(t *testing.T) {
	// The writer does not write the keys of sparse files.
	sparse := file("a")
	sparse.PAXRecords = map[string]string{"GNX.sparse.map": "0,3", "GNX.sparse.numblocks": "1", "GNX.sparse.size": "100"}
	good := []tar.Header{
		folder("d"), file("d/f"), folder("d/e"), file("d/e/g"), symlink("d/s", "/"), hardLink("d/h", "d/f"), file("z"), hardLink("y", "d/e/g"),
	}
	for name, c := range map[string]struct {
		archive string
		want    string // empty: it is restored
	}{
		"as the gate writes it":           {made(t, good...), ""},
		"no entries":                      {made(t), ""},
		"odd names":                       {made(t, file("..."), file("..a"), folder("a..b"), file("a..b/.")), "it has the name a..b/."},
		"names with dots":                 {made(t, file("..."), file("..a"), folder("a..b"), file("a..b/.c")), ""},
		"an absolute name":                {made(t, file("/abs")), "it has the name /abs"},
		"a name above":                    {made(t, file("../above")), "it has the name ../above"},
		"a name that goes up":             {made(t, folder("d"), file("d/../../above")), "it has the name"},
		"a name that goes up in it":       {made(t, folder("d"), folder("e"), file("e/../d/f")), "it has the name"},
		"a name with a dot":               {made(t, file("./f")), "it has the name ./f"},
		"a name with two slashes":         {made(t, folder("d"), file("d//f")), "it has the name d//f"},
		"a folder's name with a slash":    {made(t, folder("d/")), "it has the name d/"},
		"the directory itself":            {made(t, folder(".")), "it has the name ."},
		"the directory above":             {made(t, folder("..")), "it has the name .."},
		"a file without its folder":       {made(t, file("d/f")), "d/ does not follow its folder"},
		"a file after its folder":         {made(t, folder("d"), file("e"), file("d/f")), "d/ does not follow its folder"},
		"a file in a file":                {made(t, file("d"), file("d/f")), "d/ does not follow its folder"},
		"a file through a link":           {made(t, symlink("s", "../outside"), file("s/f")), "s/ does not follow its folder"},
		"a folder over a link":            {made(t, symlink("s", "../outside"), folder("s"), file("s/f")), "it contains s twice"},
		"a file over a link":              {made(t, symlink("s", "../outside/new"), file("s")), "it contains s twice"},
		"a file over a file":              {made(t, file("f"), file("f")), "it contains f twice"},
		"a link over a file":              {made(t, file("f"), symlink("f", "../outside")), "it contains f twice"},
		"a hard link over a file":         {made(t, file("e"), file("f"), hardLink("f", "e")), "it contains f twice"},
		"a folder over a file":            {made(t, file("f"), folder("f")), "it contains f twice"},
		"a hard link to above":            {made(t, hardLink("h", "../secret")), "h is a link to ../secret;"},
		"a hard link to an absolute name": {made(t, hardLink("h", "/etc/passwd")), "h is a link to /etc/passwd;"},
		"a hard link that goes up in it":  {made(t, folder("d"), file("f"), hardLink("h", "d/../f")), "h is a link to d/../f;"},
		"a hard link through a link":      {made(t, symlink("s", "../outside"), hardLink("h", "s/secret")), "h is a link to s/secret, which is no file of it"},
		"a hard link through a link up":   {made(t, symlink("s", ".."), hardLink("h", "s/secret")), "h is a link to s/secret, which is no file of it"},
		"a hard link to a link":           {made(t, symlink("s", "../outside/secret"), hardLink("h", "s")), "h is a link to s, which is no file of it"},
		"a hard link to a folder":         {made(t, folder("d"), hardLink("h", "d")), "h is a link to d, which is no file of it"},
		"a hard link to nothing":          {made(t, hardLink("h", "n")), "h is a link to n, which is no file of it"},
		"a device":                        {made(t, tar.Header{Typeflag: tar.TypeChar, Name: "null", Devmajor: 1, Devminor: 3}), "null is of type '3'"},
		"a block device":                  {made(t, tar.Header{Typeflag: tar.TypeBlock, Name: "disk"}), "disk is of type '4'"},
		"a pipe":                          {made(t, tar.Header{Typeflag: tar.TypeFifo, Name: "pipe"}), "pipe is of type '6'"},
		"a type that nobody knows":        {made(t, tar.Header{Typeflag: 'Q', Name: "q"}), "q is of type 'Q'"},
		"a file with holes":               {strings.ReplaceAll(made(t, sparse), "GNX", "GNU"), "a has holes"},
		"an old file with holes":          {made(t, tar.Header{Typeflag: tar.TypeGNUSparse, Name: "old", Format: tar.FormatGNU}), "old is of type 'S'"},
		"an entry less":                   {madeWith(t, record(digestKey, "0"), record(entriesKey, "2"), file("f")), `it has 1 entries instead of "2"`},
		"no last record":                  {madeWith(t, record(digestKey, "0"), nil, file("f")), "it is truncated"},
		"another last record":             {madeWith(t, record(digestKey, "0"), record("OTHER", "1"), file("f")), `it has 1 entries instead of ""`},
		"no first record":                 {madeWith(t, nil, record(entriesKey, "1"), file("f")), "it does not begin with a digest"},
		"another first record":            {madeWith(t, record("OTHER", "0"), record(entriesKey, "1"), file("f")), "it does not begin with a digest"},
		"an entry after the end":          {goesOn(t, file("f"), file("g")), "it continues after its end"},
		"nothing":                         {"", "it is truncated"},
		"zeros":                           {strings.Repeat("\x00", 4096), "it is truncated"},
		"something else":                  {strings.Repeat("no archive ", 1000), "invalid tar header"},
		"a number that is damaged":        {strings.Replace(made(t, good...), "ustar", "ustas", 3), "its archive is damaged"},
	} {
		t.Run(name, func(t *testing.T) {
			test := newCacheTest(t)
			above := t.TempDir()
			put(t, above+"/outside/secret", "untouched")
			put(t, above+"/secret", "untouched")
			before := strings.Join(described(t, above), "\n")
			dir := t.TempDir()
			// The directory is beside the secret, as far as ".." is concerned.
			ok(t, os.Rename(dir, above+"/dir"))
			ok(t, os.Mkdir(dir, 0o755))
			test.putStored(c.archive)

			code, log := test.restore(above + "/dir")

			want := "npm: not restored: the saved cache cannot be read: its archive is damaged: "
			if c.want == "" {
				want = "npm: restored"
			}
			if code != 0 || !strings.HasPrefix(log, want) || !strings.Contains(log, c.want) {
				t.Errorf("code %d, log %q, want %q", code, log, c.want)
			}
			if c.want == "" {
				return
			}
			if left := namesOf(t, above+"/dir"); left != "" {
				t.Errorf("%s is left", left)
			}
			ok(t, os.Remove(above+"/dir"))
			if after := strings.Join(described(t, above), "\n"); after != before {
				t.Errorf("what is outside has changed: %s", after)
			}
		})
	}
}

// goesOn is an archive with another one's entry after its end.
func goesOn(t *testing.T, entries ...tar.Header) string {
	whole := madeWith(t, record(digestKey, "0"), record(entriesKey, "1"), entries[0])
	return whole[:len(whole)-trailerBytes] + made(t, entries[1])
}

func TestCacheThatWasCutIsNotRestored(t *testing.T) {
	c := newCacheTest(t)
	put(t, c.dir+"/a", strings.Repeat("a", 1000))
	put(t, c.dir+"/d/b", "b")
	ok(t, os.Chmod(c.dir+"/d", 0o555))
	defer os.Chmod(c.dir+"/d", 0o755)
	put(t, c.dir+"/e/"+strings.Repeat("long", 60), "c")
	c.mustSave("npm: saved")
	whole := c.archive()
	// Whether an archive without the zeros at its end counts as cut is of no concern, if only all or nothing is restored.
	cut := len(whole) - trailerBytes - recordBytes + 512
	for size := 0; size < len(whole); size += 256 {
		c.putStored(whole[:size])
		dir := t.TempDir()
		code, log := c.restore(dir)
		switch left := namesOf(t, dir); {
		case code != 0:
			t.Errorf("%d bytes: code %d, log %q", size, code, log)
		case size <= cut && (left != "" || !strings.Contains(log, "not restored")):
			t.Errorf("%d of %d bytes: log %q, and %s is left", size, len(whole), log, left)
		case left != "":
			sameTrees(t, c.dir, dir)
		}
		_ = os.Chmod(dir+"/d", 0o755)
	}
}

// TestCacheKeepsTheFoldersOfSubPaths: the kubelet makes them before the step begins, and mounts them into the containers of others.
func TestCacheKeepsTheFoldersOfSubPaths(t *testing.T) {
	c := newCacheTest(t)
	put(t, c.dir+"/build/deep/file", "text")
	ok(t, os.Chmod(c.dir+"/build/deep", 0o750))
	ok(t, os.Chtimes(c.dir+"/build", time.Time{}, time.Unix(1_111_111_111, 0)))
	c.mustSave("npm: saved")
	whole := c.archive()

	for _, isWhole := range []bool{true, false} {
		dir := t.TempDir()
		ok(t, os.MkdirAll(dir+"/build/deep", 0o777))
		ok(t, os.MkdirAll(dir+"/unused", 0o777))
		ok(t, os.Chmod(dir+"/build/deep", 0o777))
		mounted := func() []fs.FileInfo {
			found := []fs.FileInfo{}
			for _, name := range []string{"/build", "/build/deep", "/unused"} {
				info, err := os.Stat(dir + name)
				ok(t, err)
				found = append(found, info)
			}
			return found
		}
		before := mounted()
		if isWhole {
			c.putStored(whole)
			c.mustRestore(dir, "npm: restored 4 B in 1 file")
			ok(t, os.Remove(dir+"/unused"))
			sameTrees(t, c.dir, dir)
			ok(t, os.Mkdir(dir+"/unused", 0o777))
		} else {
			c.putStored(whole[:len(whole)-2*recordBytes])
			c.mustRestore(dir, "npm: not restored")
			if left := namesOf(t, dir+"/build/deep"); left != "" {
				t.Errorf("%s is left", left)
			}
		}
		for i, after := range mounted()[:2] {
			if !os.SameFile(before[i], after) {
				t.Errorf("%s is another folder", after.Name())
			}
			if !isWhole && before[i].Mode() != after.Mode() {
				t.Errorf("%s has mode %v", after.Name(), after.Mode())
			}
		}
	}
}

func TestCacheIsNotRestoredOverFiles(t *testing.T) {
	c := newCacheTest(t)
	put(t, c.dir+"/a", "saved")
	c.mustSave("npm: saved")
	dir := t.TempDir()
	put(t, dir+"/folder/there", "before")
	c.mustRestore(dir, "npm: not restored: its directory has files already, such as folder/there")
	if text, err := os.ReadFile(dir + "/folder/there"); err != nil || string(text) != "before" || namesOf(t, dir) != "folder" {
		t.Errorf("the directory has changed: %v", err)
	}
}

func TestCacheDirectoryThatIsMissing(t *testing.T) {
	c := newCacheTest(t)
	put(t, c.dir+"/a", "a")
	c.mustSave("npm: saved")
	other := t.TempDir()
	job, log := c.job(false, cacheDir{"npm", other + "/missing"}, cacheDir{"go", other})
	want := "npm: not restored: cannot open its directory " + other + "/missing: no such file or directory\ngo: no cache yet\n"
	if code := job.run(); code != 1 || log.String() != want {
		t.Errorf("code %d, log %q", code, log)
	}
	job, log = c.job(true, cacheDir{"npm", other + "/missing"})
	if code := job.run(); code != 1 || !strings.Contains(log.String(), "npm: not saved: cannot open its directory ") {
		t.Errorf("code %d, log %q", code, log)
	}
}

func TestCacheArchivesThatAreNoFiles(t *testing.T) {
	for name, c := range map[string]struct {
		make func(path string) error
		want string
	}{
		"a link":   {func(path string) error { return os.Symlink("other.tar", path) }, "not a regular file"},
		"a pipe":   {func(path string) error { return syscall.Mkfifo(path, 0o666) }, "not a regular file"},
		"a folder": {func(path string) error { return os.Mkdir(path, 0o755) }, "not a regular file"},
		"a key that is a link": {func(path string) error {
			return errorsOf(os.RemoveAll(filepath.Dir(path)), os.Symlink("/", filepath.Dir(path)))
		}, "not a directory"},
	} {
		t.Run(name, func(t *testing.T) {
			test := newCacheTest(t)
			put(t, test.stored("other.tar"), made(t, file("f")))
			ok(t, c.make(test.stored("npm.tar")))
			inTime(t, func() { test.mustRestore(test.dir, "npm: not restored: the saved cache cannot be read: ") })
			if left := namesOf(t, test.dir); left != "" {
				t.Errorf("%s is left", left)
			}
		})
	}
}

// TestCacheWithoutTheOwner: if the owner can't be restored, nobody gets a program that runs as the gate's user.
func TestCacheWithoutTheOwner(t *testing.T) {
	const someone = 4242
	program, sticky, shared := file("program"), file("sticky"), folder("shared")
	program.Mode, sticky.Mode, shared.Mode = 0o6755, 0o1751, 0o2770
	restored := func(uid int, want map[string]fs.FileMode) {
		c := newCacheTest(t)
		program.Uid, sticky.Uid, shared.Uid = uid, uid, uid
		c.putStored(made(t, program, shared, file("shared/file"), sticky))
		forNobody(t, c.storage, 0o755)
		forNobody(t, c.dir, 0o777)
		restore := func() { c.mustRestore(c.dir, "npm: restored 9 B in 3 files") }
		if uid == someone {
			asNobody(t, restore)
		} else {
			restore()
		}
		for name, mode := range want {
			if info, err := os.Lstat(c.dir + "/" + name); err != nil || info.Mode() != mode {
				t.Errorf("%s has mode %v, want %v", name, info.Mode(), mode)
			}
		}
	}
	restored(someone, map[string]fs.FileMode{
		"program": 0o755, "sticky": 0o751 | fs.ModeSticky, "shared": fs.ModeDir | 0o770,
	})
	restored(os.Geteuid(), map[string]fs.FileMode{
		"program": 0o755 | fs.ModeSetuid | fs.ModeSetgid, "sticky": 0o751 | fs.ModeSticky, "shared": fs.ModeDir | fs.ModeSetgid | 0o770,
	})
}

func TestCacheInADirectoryWithoutRights(t *testing.T) {
	c := newCacheTest(t)
	c.putStored(made(t, file("new\nline")))
	forNobody(t, c.storage, 0o755)
	forNobody(t, c.dir, 0o555)
	asNobody(t, func() {
		if code, log := c.restore(c.dir); code != 1 || log != `npm: not restored: cannot make "new\nline": permission denied; it starts empty`+"\n" {
			t.Errorf("code %d, log %q", code, log)
		}
	})
}

// TestCacheThatWasCutInAClosedFolder: without root, what is in a folder can be removed only by who may write to it.
func TestCacheThatWasCutInAClosedFolder(t *testing.T) {
	c := newCacheTest(t)
	closed := folder("closed")
	closed.Mode = 0o555
	c.putStored(madeWith(t, record(digestKey, "0"), nil, closed, file("closed/a"), file("z")))
	forNobody(t, c.storage, 0o755)
	forNobody(t, c.dir, 0o777)
	asNobody(t, func() {
		c.mustRestore(c.dir, "npm: not restored: the saved cache cannot be read: its archive is damaged: it is truncated")
	})
	if left := namesOf(t, c.dir); left != "" {
		t.Errorf("%s is left", left)
	}
}

// TestCacheInFoldersOfAnotherUser: the kubelet's folders belong to root, also if the step runs as another user.
func TestCacheInFoldersOfAnotherUser(t *testing.T) {
	c := newCacheTest(t)
	c.putStored(made(t, folder("build"), file("build/a")))
	forNobody(t, c.storage, 0o755)
	forNobody(t, c.dir, 0o755)
	ok(t, os.Mkdir(c.dir+"/build", 0o777))
	ok(t, os.Chmod(c.dir+"/build", 0o777))
	asNobody(t, func() { c.mustRestore(c.dir, "npm: restored 3 B in 1 file") })
}

func TestCacheThatIsStoppedLeavesNothing(t *testing.T) {
	c := newCacheTest(t)
	// The large file is a hole of the archive: it takes no space in the storage, and a while to copy.
	const size = 4 << 30
	begin := &bytes.Buffer{}
	w := tar.NewWriter(begin)
	ok(t, w.WriteHeader(record(digestKey, "0")))
	ok(t, w.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: "large", Mode: 0o644, Size: size}))
	c.putStored(begin.String())
	ok(t, os.Truncate(c.stored("npm.tar"), int64(begin.Len())+size))
	other := t.TempDir()
	job, log := c.job(false, cacheDir{"npm", c.dir}, cacheDir{"go", other})
	done := make(chan int)
	go func() { done <- job.run() }()
	inTime(t, func() {
		for !exists(c.dir + "/large") {
			time.Sleep(time.Millisecond)
		}
		ok(t, syscall.Kill(os.Getpid(), syscall.SIGTERM))
		if code := <-done; code != 143 || log.String() != "npm: not restored: the step is being stopped\n" {
			t.Errorf("code %d, log %q", code, log)
		}
	})
	if left := namesOf(t, c.dir); left != "" {
		t.Errorf("%s is left", left)
	}
}
