package main

import (
	"archive/tar"
	"bytes"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// described returns a line for each entry of a tree, with everything that a cache keeps.
func described(t *testing.T, dir string) []string {
	t.Helper()
	lines, firsts := []string{}, map[uint64]string{}
	ok(t, filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		if err != nil || path == dir {
			return err
		}
		info, err := os.Lstat(path)
		if err != nil {
			return err
		}
		stat := info.Sys().(*syscall.Stat_t)
		name, _ := filepath.Rel(dir, path)
		content := ""
		switch info.Mode().Type() {
		case 0:
			text, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			content = fmt.Sprintf("%d %x", len(text), text[:min(len(text), 99)])
			if first, known := firsts[stat.Ino]; known {
				content += " = " + first
			} else {
				firsts[stat.Ino] = name
			}
		case fs.ModeSymlink:
			content, _ = os.Readlink(path)
		}
		lines = append(lines, fmt.Sprintf("%q %v %d:%d %d %s", name, info.Mode(), stat.Uid, stat.Gid, info.ModTime().Unix(), content))
		return nil
	}))
	return lines
}

// sameTrees fails a test if a restored tree differs from the saved one.
func sameTrees(t *testing.T, saved, restored string) {
	t.Helper()
	want, got := described(t, saved), described(t, restored)
	if len(want) != len(got) {
		t.Errorf("%d entries became %d", len(want), len(got))
	}
	for i := range min(len(want), len(got)) {
		if want[i] != got[i] {
			t.Errorf("saved:    %.400s\nrestored: %.400s", want[i], got[i])
		}
	}
}

// fillOdd makes a tree of everything that a cache must keep.
func fillOdd(t *testing.T, dir string) {
	t.Helper()
	deep := strings.Repeat("long-folder-name/", 20)
	for _, name := range []string{
		"plain", "empty", ".hidden", "new\nline", "non-utf8-\xff\xfe", "ünï", "back\\slash", "-dash", "a=b", "quote\"", "tab\t", " ", "...", "..a",
		strings.Repeat("n", 255), deep + "file", deep + strings.Repeat("m", 200), "folder/one", "folder/sub/two",
	} {
		put(t, filepath.Join(dir, name), name)
	}
	put(t, filepath.Join(dir, "empty"), "")
	put(t, filepath.Join(dir, "large"), strings.Repeat("0123456789abcdef", 200_000)+"end")
	for name, mode := range map[string]os.FileMode{
		"setuid": 0o755 | fs.ModeSetuid, "setgid": 0o750 | fs.ModeSetgid, "read-only": 0o444, "closed": 0o600, "all": 0o777,
	} {
		put(t, filepath.Join(dir, name), name)
		ok(t, os.Chmod(filepath.Join(dir, name), mode))
	}
	ok(t, os.Mkdir(filepath.Join(dir, "empty-folder"), 0o755))
	ok(t, os.Mkdir(filepath.Join(dir, "shared"), 0o755))
	ok(t, os.Chmod(filepath.Join(dir, "shared"), 0o777|fs.ModeSticky|fs.ModeSetgid))
	for name, target := range map[string]string{
		"to-file": "plain", "to-nothing": "nothing", "to-outside": "/etc/passwd", "up": "../..", "to-long": strings.Repeat("t/", 500) + "\xff",
		"folder/to-folder": ".",
	} {
		ok(t, os.Symlink(target, filepath.Join(dir, name)))
	}
	ok(t, os.Link(filepath.Join(dir, "plain"), filepath.Join(dir, "hard")))
	ok(t, os.Link(filepath.Join(dir, deep+"file"), filepath.Join(dir, "folder/sub/hard")))
	for name, second := range map[string]int64{"plain": 1_234_567_890, "folder/one": -86_400, "large": 8_836_000_000} {
		ok(t, os.Chtimes(filepath.Join(dir, name), time.Time{}, time.Unix(second, 999_999_999)))
	}
	if os.Geteuid() == 0 {
		ok(t, os.Lchown(filepath.Join(dir, "to-nothing"), 1234, 5678))
		ok(t, os.Chown(filepath.Join(dir, "folder/sub"), 1234, 5678))
		ok(t, os.Chown(filepath.Join(dir, "closed"), 2_000_000_000, 2_000_000_000))
	}
	for _, name := range []string{"to-file", "folder/to-folder"} {
		ok(t, setTimeOfLink(filepath.Join(dir, name), 1_000_000_000))
	}
	ok(t, os.Mkdir(filepath.Join(dir, "locked"), 0o755))
	put(t, filepath.Join(dir, "locked/inside"), "in a folder without the right to write")
	for name, second := range map[string]int64{"locked": 1_111_111_111, "folder/sub": 1_222_222_222, "folder": 1_333_333_333} {
		ok(t, os.Chtimes(filepath.Join(dir, name), time.Time{}, time.Unix(second, 0)))
	}
	ok(t, os.Chmod(filepath.Join(dir, "locked"), 0o555))
	t.Cleanup(func() { _ = os.Chmod(filepath.Join(dir, "locked"), 0o755) })
}

func setTimeOfLink(path string, second int64) error {
	folder, err := os.OpenRoot(filepath.Dir(path))
	if err != nil {
		return err
	}
	defer folder.Close()
	return setLinkTime(folder, filepath.Base(path), second)
}

func TestCacheKeepsATree(t *testing.T) {
	c := newCacheTest(t)
	fillOdd(t, c.dir)
	c.mustSave("npm: saved 3.1 MiB in ")

	other := t.TempDir()
	ok(t, os.Chmod(other, 0o731))
	c.mustRestore(other, "npm: restored 3.1 MiB in ")
	t.Cleanup(func() { _ = os.Chmod(filepath.Join(other, "locked"), 0o755) })

	sameTrees(t, c.dir, other)
	if info, err := os.Stat(other); err != nil || info.Mode().Perm() != 0o731 {
		t.Errorf("the directory itself has now mode %v", info.Mode())
	}
	c.dir = other
	c.mustSave("npm: unchanged")
}

func TestCacheIsSavedAgainOnlyIfItChanged(t *testing.T) {
	at := time.Unix(1_700_000_000, 0)
	for name, c := range map[string]struct {
		change func(dir string) error
		want   string
	}{
		"nothing":          {func(string) error { return nil }, "unchanged"},
		"less than 1 s":    {func(dir string) error { return os.Chtimes(dir+"/a", at, at.Add(999*time.Millisecond)) }, "unchanged"},
		"a time":           {func(dir string) error { return os.Chtimes(dir+"/a", at, at.Add(time.Second)) }, "saved"},
		"a time of a link": {func(dir string) error { return setTimeOfLink(dir+"/l", 5) }, "saved"},
		"a mode":           {func(dir string) error { return os.Chmod(dir+"/a", 0o600) }, "saved"},
		"a folder's mode":  {func(dir string) error { return os.Chmod(dir+"/f", 0o700) }, "saved"},
		"a name": {func(dir string) error {
			return errorsOf(os.Rename(dir+"/f/b", dir+"/f/c"), os.Chtimes(dir+"/f", at, at))
		}, "saved"},
		"a size": {func(dir string) error {
			return errorsOf(os.WriteFile(dir+"/a", []byte("aa"), 0o644), os.Chtimes(dir+"/a", at, at))
		}, "saved"},
		"a target": {func(dir string) error {
			return errorsOf(os.Remove(dir+"/l"), os.Symlink("b", dir+"/l"), setTimeOfLink(dir+"/l", at.Unix()))
		}, "saved"},
		"a file less": {func(dir string) error { return errorsOf(os.Remove(dir+"/f/b"), os.Chtimes(dir+"/f", at, at)) }, "saved"},
		"a pipe more": {func(dir string) error {
			return errorsOf(syscall.Mkfifo(dir+"/f/p", 0o644), os.Chtimes(dir+"/f", at, at))
		}, "unchanged"},
	} {
		t.Run(name, func(t *testing.T) {
			test := newCacheTest(t)
			put(t, test.dir+"/a", "a")
			put(t, test.dir+"/f/b", "b")
			ok(t, os.Symlink("a", test.dir+"/l"))
			ok(t, setTimeOfLink(test.dir+"/l", at.Unix()))
			for _, path := range []string{"/a", "/f/b", "/f"} {
				ok(t, os.Chtimes(test.dir+path, at, at))
			}
			test.mustSave("npm: saved 2 B in 3 files in ")
			ok(t, os.Chtimes(test.stored("npm.tar"), at, at))
			ok(t, c.change(test.dir))

			test.mustSave("npm: " + c.want)

			if info, err := os.Stat(test.stored("npm.tar")); err != nil || time.Since(info.ModTime()) > time.Hour {
				t.Errorf("it is not marked as used: %v", info.ModTime())
			}
		})
	}
}

func errorsOf(all ...error) error {
	for _, err := range all {
		if err != nil {
			return err
		}
	}
	return nil
}

func TestCacheLeavesOutPipesAndSockets(t *testing.T) {
	c := newCacheTest(t)
	put(t, c.dir+"/file", "text")
	ok(t, syscall.Mkfifo(c.dir+"/pipe", 0o644))
	listener, err := net.Listen("unix", c.dir+"/socket")
	ok(t, err)
	defer listener.Close()
	inTime(t, func() { c.mustSave("saved 4 B in 1 file ") })

	other := t.TempDir()
	c.mustRestore(other, "restored")
	if names := namesOf(t, other); names != "file" {
		t.Errorf("restored %s", names)
	}
}

func TestCacheOfAnEmptyDirectoryIsNotSaved(t *testing.T) {
	c := newCacheTest(t)
	c.mustSave("npm: not saved: it is empty")
	ok(t, os.MkdirAll(c.dir+"/of-a-sub-path/deeper", 0o755))
	c.mustSave("npm: not saved: it is empty")
	ok(t, os.Symlink("nowhere", c.dir+"/link"))
	c.mustSave("npm: saved 0 B in 1 file in ")
	archive := c.archive()
	ok(t, os.Remove(c.dir+"/link"))
	c.mustSave("npm: not saved: it is empty")
	if c.archive() != archive {
		t.Error("the former archive is gone")
	}
}

func TestCacheThatIsTooLargeIsNotSaved(t *testing.T) {
	c := newCacheTest(t)
	put(t, c.dir+"/folder/file", "0123456789")
	const size = 2*headerBytes + 10
	c.limits[0] = size
	c.mustSave("npm: saved")
	archive := c.archive()

	put(t, c.dir+"/folder/file", "0123456789+")
	c.mustSave("npm: not saved: 2,059 B are more than the limit of 2,058 B (HANGAR_CACHE_SIZE)")
	if c.archive() != archive {
		t.Error("the former archive has changed")
	}
	c.limits[0] = 0
	c.mustSave("npm: saved")
}

func TestCacheOfASparseFileHasItsApparentSize(t *testing.T) {
	c := newCacheTest(t)
	put(t, c.dir+"/sparse", "")
	ok(t, os.Truncate(c.dir+"/sparse", 1<<43))
	put(t, c.dir+"/small", "s")
	c.limits[0] = 1 << 40
	c.mustSave("not saved: 8 TiB are more than the limit of 1 TiB")

	huge := newTally()
	for range 3 {
		huge.size = plus(huge.size, 1<<62)
	}
	if huge.size < 1<<62 {
		t.Errorf("the sum overflows to %d", huge.size)
	}
}

func TestCacheWithAFileThatCantBeReadIsNotSaved(t *testing.T) {
	for name, c := range map[string]struct {
		mode       os.FileMode
		folderMode os.FileMode
		want       string
	}{
		"a readable file":    {0o444, 0o555, "saved"},
		"a closed file":      {0, 0o555, "not saved: folder/secret cannot be read by user "},
		"a closed folder":    {0o444, 0, "not saved: folder cannot be read by user "},
		"a folder without x": {0o444, 0o444, "not saved: folder cannot be read by user "},
	} {
		t.Run(name, func(t *testing.T) {
			test := newCacheTest(t)
			forNobody(t, test.storage, 0o777)
			forNobody(t, test.dir, 0o755)
			put(t, test.dir+"/before", "text")
			put(t, test.dir+"/folder/secret", "text")
			ok(t, os.Chmod(test.dir+"/folder/secret", c.mode))
			ok(t, os.Chmod(test.dir+"/folder", c.folderMode))
			defer os.Chmod(test.dir+"/folder", 0o755)

			asNobody(t, func() { test.mustSave(c.want) })

			if c.want != "saved" && test.archive() != "" {
				t.Error("a part of it is saved")
			}
		})
	}
}

// meddler changes the tree while the archive is written.
type meddler struct {
	meddle func()
	once   sync.Once
	out    bytes.Buffer
}

func (m *meddler) Write(p []byte) (int, error) {
	m.once.Do(m.meddle)
	return m.out.Write(p)
}

func TestCacheThatChangesMeanwhileIsNotSaved(t *testing.T) {
	large := strings.Repeat("x", 3*copyBytes)
	later := time.Now().Add(time.Hour)
	for name, c := range map[string]struct {
		meddle func(dir string) error
		want   string
	}{
		"nothing": {func(string) error { return nil }, ""},
		"grows":   {func(dir string) error { return os.Truncate(dir+"/a", 4*copyBytes) }, "a changed"},
		"shrinks": {func(dir string) error { return os.Truncate(dir+"/a", 1) }, "a changed"},
		"grows in secret": {func(dir string) error {
			info, err := os.Stat(dir + "/a")
			return errorsOf(err, os.Truncate(dir+"/a", 4*copyBytes), os.Chtimes(dir+"/a", time.Time{}, info.ModTime()))
		}, "a changed"},
		"is written":           {func(dir string) error { return os.Chtimes(dir+"/a", later, later) }, "a changed"},
		"the next grows":       {func(dir string) error { return os.Truncate(dir+"/b", 1<<30) }, "it changed"},
		"the next shrinks":     {func(dir string) error { return os.Truncate(dir+"/b", 0) }, "it changed"},
		"the next disappears":  {func(dir string) error { return os.Remove(dir + "/b") }, "b changed"},
		"the next is replaced": {func(dir string) error { return errorsOf(os.Remove(dir+"/b"), syscall.Mkfifo(dir+"/b", 0o644)) }, "it changed"},
		"a file appears":       {func(dir string) error { return os.WriteFile(dir+"/f/new", nil, 0o644) }, "it changed"},
		"a folder disappears":  {func(dir string) error { return os.RemoveAll(dir + "/f") }, "f changed"},
		"a folder is a link":   {func(dir string) error { return errorsOf(os.RemoveAll(dir+"/f"), os.Symlink("/", dir+"/f")) }, "it changed"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			put(t, dir+"/a", large)
			put(t, dir+"/b", "b")
			put(t, dir+"/f/c", "c")
			root, err := os.OpenRoot(dir)
			ok(t, err)
			defer root.Close()
			found, err := measure(root)
			ok(t, err)
			m := &meddler{meddle: func() { ok(t, c.meddle(dir)) }}
			inTime(t, func() { err = pack(m, root, found, make([]byte, copyBytes)) })
			if m.out.Len() > 10*copyBytes {
				t.Errorf("%d bytes are written", m.out.Len())
			}
			if c.want == "" && err == nil {
				return
			}
			if isNote := err != nil && note(err.Error()) == err; !isNote || !strings.HasPrefix(err.Error(), c.want+" while it was saved") {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}

// TestCacheIsNotLedElsewhere replaces a folder or file at the worst moment: when it was found, and was not opened yet.
func TestCacheIsNotLedElsewhere(t *testing.T) {
	const secret, harmless = "THE-SECRET-OF-THE-NODE", "no secret of the node!"
	for name, c := range map[string]struct {
		replace func(path, outside string) error
		isKept  bool
	}{
		"by nothing":           {func(string, string) error { return nil }, true},
		"by a link to outside": {func(path, outside string) error { return os.Symlink(outside, path) }, false},
		"by a relative link":   {func(path, outside string) error { return os.Symlink("../"+filepath.Base(outside), path) }, false},
		"by a link to inside":  {func(path, _ string) error { return os.Symlink("other"+filepath.Ext(path), path) }, false},
		"by a pipe":            {func(path, _ string) error { return syscall.Mkfifo(path, 0o666) }, false},
	} {
		for _, at := range []string{"place.d", "place.f"} {
			t.Run(name+" at "+at, func(t *testing.T) {
				dir, outside := t.TempDir(), t.TempDir()
				put(t, dir+"/place.d/text", harmless)
				put(t, dir+"/place.f", harmless)
				put(t, dir+"/other.d/text", secret)
				put(t, dir+"/other.f", secret)
				put(t, outside+"/text", secret)
				target := outside
				if at == "place.f" {
					target += "/text"
				}
				root, err := os.OpenRoot(dir)
				ok(t, err)
				defer root.Close()
				out := &bytes.Buffer{}
				p := &packer{out: tar.NewWriter(out), want: &tally{size: 1 << 40}, got: newTally(), buffer: make([]byte, copyBytes)}
				inTime(t, func() {
					err = walk(root, func(e entry) error {
						if strings.HasPrefix(e.header.Name, "other") {
							return nil
						}
						if e.header.Name == at && name != "by nothing" {
							ok(t, os.Rename(dir+"/"+at, dir+"/away"))
							ok(t, c.replace(dir+"/"+at, target))
						}
						return p.add(e)
					})
				})
				if strings.Contains(out.String(), secret) {
					t.Error("the archive has the secret")
				}
				if c.isKept != (err == nil) || err != nil && !strings.HasSuffix(err.Error(), at+" changed while it was saved") {
					t.Errorf("got %v", err)
				}
			})
		}
	}
}

func TestCacheOfABrokenDirectoryIsNoFaultOfTheStorage(t *testing.T) {
	for err, want := range map[error]string{
		treeError("a", syscall.EIO):    "cannot read a: input/output error",
		treeError("a", syscall.ENOENT): "a changed while it was saved",
		treeError("a/", syscall.EPERM): "a cannot be read by user ",
		treeError("", syscall.ENOENT):  "its directory changed while it was saved",
		syscall.EIO:                    "the storage of caches cannot be used: cannot write npm.tar: input/output error",
		syscall.ENOSPC:                 "no space left",
	} {
		if got := saveError("cannot write npm.tar", err); !strings.HasPrefix(got.Error(), want) {
			t.Errorf("got %q, want %q", got, want)
		}
	}
}

// swapped lets what is at a path alternate between several things, until the test is over.
func swapped(t *testing.T, path string, others ...string) {
	t.Helper()
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		for at := 0; ; at++ {
			select {
			case <-stop:
				return
			default:
				other := others[at%len(others)]
				_ = os.Rename(path, path+".away")
				_ = os.Rename(other, path)
				_ = os.Rename(path, other)
				_ = os.Rename(path+".away", path)
			}
		}
	}()
	t.Cleanup(func() { close(stop); <-stopped })
}

// TestCacheNeverHasWhatLinksLeadTo saves again and again while processes of the build put links and pipes in the place of folders and
// files. Whatever is saved, it has nothing from outside, and nothing hangs.
func TestCacheNeverHasWhatLinksLeadTo(t *testing.T) {
	dir, outside := t.TempDir(), t.TempDir()
	const secret = "THE-SECRET-OF-THE-NODE"
	put(t, outside+"/deep/file", secret)
	put(t, dir+"/place/deep/file", "harmless")
	put(t, dir+"/file", "harmless")
	inside, _ := filepath.Rel(dir, outside)
	others := t.TempDir()
	links := map[string]string{"absolute": outside, "relative": inside, "file": outside + "/deep/file"}
	for _, name := range slices.Sorted(maps.Keys(links)) {
		ok(t, os.Symlink(links[name], others+"/"+name))
	}
	ok(t, syscall.Mkfifo(others+"/pipe", 0o666))
	ok(t, syscall.Mkfifo(others+"/pipe2", 0o666))
	swapped(t, dir+"/place", others+"/absolute", others+"/pipe", others+"/relative")
	swapped(t, dir+"/file", others+"/file", others+"/pipe2")
	root, err := os.OpenRoot(dir)
	ok(t, err)
	defer root.Close()
	buffer, packed := make([]byte, copyBytes), 0
	inTime(t, func() {
		for end := time.Now().Add(time.Second); time.Now().Before(end); {
			found, err := measure(root)
			if err != nil {
				continue
			}
			out := &bytes.Buffer{}
			if pack(out, root, found, buffer) == nil {
				packed++
			}
			if bytes.Contains(out.Bytes(), []byte(secret)) {
				t.Error("the archive has the secret")
				return
			}
		}
	})
	if packed == 0 {
		t.Error("it was never saved")
	}
}

func TestCacheOpensOnlyWhatItHasFound(t *testing.T) {
	for name, replace := range map[string]func(dir string) error{
		"nothing":           func(string) error { return nil },
		"a link to outside": func(dir string) error { return os.Symlink("/", dir+"/x") },
		"a link to inside":  func(dir string) error { return os.Symlink("other", dir+"/x") },
		"a pipe":            func(dir string) error { return syscall.Mkfifo(dir+"/x", 0o666) },
		"another folder":    func(dir string) error { return os.Mkdir(dir+"/x", 0o755) },
		"another file":      func(dir string) error { return os.WriteFile(dir+"/x", nil, 0o644) },
	} {
		for _, isFolder := range []bool{true, false} {
			t.Run(fmt.Sprint(name, " instead of a folder: ", isFolder), func(t *testing.T) {
				dir := t.TempDir()
				make := func(name string) {
					if isFolder {
						ok(t, os.Mkdir(dir+name, 0o755))
					} else {
						put(t, dir+name, "text")
					}
				}
				make("/x")
				make("/other")
				root, err := os.OpenRoot(dir)
				ok(t, err)
				defer root.Close()
				found, err := root.Lstat("x")
				ok(t, err)
				if name != "nothing" {
					// Renamed and not removed: the number of the file must not be used again.
					ok(t, os.Rename(dir+"/x", dir+"/y"))
					ok(t, replace(dir))
				}
				inTime(t, func() {
					var opened io.Closer
					if isFolder {
						opened, err = enter(root, "x", found)
					} else {
						opened, err = openFound(root, "x", os.O_RDONLY, found)
					}
					if err == nil {
						opened.Close()
					}
				})
				if (err == nil) != (name == "nothing") {
					t.Errorf("got %v", err)
				}
			})
		}
	}
}

func TestCacheOfATreeThatIsTooDeepIsNotSaved(t *testing.T) {
	c := newCacheTest(t)
	at, err := os.OpenRoot(c.dir)
	ok(t, err)
	deepen := func(levels int) {
		for range levels {
			ok(t, at.Mkdir("d", 0o755))
			next, err := at.OpenRoot("d")
			ok(t, err)
			at.Close()
			at = next
		}
	}
	deepen(deepestFolder)
	ok(t, at.WriteFile("file", nil, 0o644))
	c.mustSave("npm: saved")
	other := t.TempDir()
	c.mustRestore(other, "npm: restored 0 B in 1 file")
	deepen(1)
	at.Close()
	c.mustSave(fmt.Sprintf("has more than %d folders above it", deepestFolder))
}

func TestCacheOfATreeWhoseNamesTakeTooMuchMemoryIsNotSaved(t *testing.T) {
	dir := t.TempDir()
	put(t, dir+"/f1/a", "")
	put(t, dir+"/f2/b", "")
	root, err := os.OpenRoot(dir)
	ok(t, err)
	defer root.Close()
	walked := func(held int64) (int64, error) {
		w := &walker{visit: func(entry) error { return nil }, linked: map[fileID]string{}, held: held}
		err := w.folder(root, "", 0)
		return w.held, err
	}
	// f1 and f2 are held all the time, a and b one after the other.
	most := int64(heldNamesLimit) - 2*weight("f1") - weight("a")
	if left, err := walked(most); err != nil || left != most {
		t.Errorf("got %v, and %d bytes are still held", err, left-most)
	}
	if _, err := walked(most + 1); err == nil || !strings.Contains(err.Error(), "memory") {
		t.Errorf("got %v", err)
	}
	ok(t, os.Link(dir+"/f1/a", dir+"/f1/h"))
	if left, err := walked(0); err != nil || left != weight("f1/a") {
		t.Errorf("got %v, and %d bytes are held for the hard link", err, left)
	}
}
