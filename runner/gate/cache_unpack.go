package main

import (
	"archive/tar"
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// errMalformed says that an archive is not as pack has written it: cut, damaged, or made by someone else.
var errMalformed = errors.New("its archive is damaged")

func malformed(format string, args ...any) error {
	return fmt.Errorf("%w: %s", errMalformed, fmt.Sprintf(format, args...))
}

// unpacker makes the tree of an archive in a directory. It accepts only what pack writes: each entry follows its folder, which is
// still open then. So no path of the archive is resolved through what the archive has made, but for the targets of hard links, which
// Root keeps in the directory.
type unpacker struct {
	levels  []level // from the directory itself to the folder of the last entry
	buffer  []byte
	before  map[string]bool // folders that were there already
	late    []*tar.Header   // their attributes, which are set when nothing can go wrong any more
	content int64
	files   int64
	entries int64
}

// level is a folder that is being filled.
type level struct {
	path   string // with a slash at its end, or empty
	root   *os.Root
	header *tar.Header // nil: its attributes are not set when it is left
}

// newUnpacker remembers the folders that are there: the kubelet has made those of a `sub_path`, and has mounted them, so that they
// must not be replaced.
func newUnpacker(tree *os.Root, buffer []byte) (*unpacker, error) {
	u := &unpacker{levels: []level{{root: tree}}, buffer: buffer, before: map[string]bool{}}
	return u, walk(tree, func(e entry) error {
		if !e.info.IsDir() {
			return notef("its directory has files already, such as %s", shown(e.header.Name))
		}
		u.before[e.header.Name] = true
		return nil
	})
}

func (u *unpacker) unpack(from io.Reader) error {
	in := tar.NewReader(bufio.NewReaderSize(from, copyBytes))
	first, err := nextHeader(in)
	if err != nil {
		return err
	}
	if recordIn(first, digestKey) == "" {
		return malformed("it does not begin with a digest")
	}
	for {
		header, err := nextHeader(in)
		if err != nil {
			return err
		}
		if header.Typeflag == tar.TypeXGlobalHeader {
			return u.end(in, header)
		}
		if err := u.add(header, in); err != nil {
			return err
		}
	}
}

// nextHeader returns the next header. An archive that ends before its last record was cut.
func nextHeader(in *tar.Reader) (*tar.Header, error) {
	header, err := in.Next()
	var errno syscall.Errno
	switch {
	case err == nil, errors.Is(err, errStopped), errors.As(err, &errno):
		return header, err
	case err == io.EOF, err == io.ErrUnexpectedEOF:
		return nil, malformed("it is truncated")
	}
	return nil, malformed("%v", err)
}

// end reads the last record, and sets what had to wait for it.
func (u *unpacker) end(in *tar.Reader, last *tar.Header) error {
	if count := recordIn(last, entriesKey); count != strconv.FormatInt(u.entries, 10) {
		return malformed("it has %d entries instead of %q", u.entries, count)
	}
	if _, err := in.Next(); errors.Is(err, errStopped) {
		return err
	} else if err != io.EOF {
		return malformed("it continues after its end")
	}
	for len(u.levels) > 1 {
		if err := u.leave(); err != nil {
			return err
		}
	}
	return u.setLate()
}

func (u *unpacker) add(h *tar.Header, content io.Reader) error {
	if !isEntryPath(h.Name) {
		return malformed("it has the name %s", shown(h.Name))
	}
	slash := strings.LastIndexByte(h.Name, '/') + 1
	at, err := u.reach(h.Name[:slash])
	if err != nil {
		return err
	}
	u.entries++
	if h.Typeflag != tar.TypeDir {
		u.files++
	}
	return cannotMake(h.Name, u.entry(at, h.Name[slash:], h, content))
}

func (u *unpacker) entry(at *os.Root, name string, h *tar.Header, content io.Reader) (err error) {
	switch h.Typeflag {
	case tar.TypeDir:
		err = u.folder(at, name, h)
	case tar.TypeReg:
		err = u.file(at, name, h, content)
	case tar.TypeSymlink:
		err = u.symlink(at, name, h)
	case tar.TypeLink:
		err = u.link(h)
	default:
		return malformed("%s is of type %q", shown(h.Name), h.Typeflag)
	}
	if errors.Is(err, fs.ErrExist) {
		return malformed("it contains %s twice", shown(h.Name))
	}
	return err
}

// cannotMake adds the name of an entry to an error of the system.
func cannotMake(path string, err error) error {
	if err == nil || errors.Is(err, errMalformed) || errors.Is(err, errStopped) {
		return err
	}
	return fmt.Errorf("cannot make %s: %w", shown(path), cause(err))
}

// isEntryPath accepts a relative path without dots that lead elsewhere.
func isEntryPath(path string) bool {
	for _, part := range strings.Split(path, "/") {
		if part == "" || part == "." || part == ".." {
			return false
		}
	}
	return true
}

// reach leaves the folders that are complete, and returns the one of the next entry.
func (u *unpacker) reach(path string) (*os.Root, error) {
	for {
		top := u.levels[len(u.levels)-1]
		if top.path == path {
			return top.root, nil
		}
		if len(u.levels) == 1 {
			return nil, malformed("%s does not follow its folder", shown(path))
		}
		if err := u.leave(); err != nil {
			return nil, err
		}
	}
}

// leave sets the attributes of a folder, which had to be writable until now, and whose time has changed with each entry.
func (u *unpacker) leave() error {
	top := u.levels[len(u.levels)-1]
	u.levels = u.levels[:len(u.levels)-1]
	defer top.root.Close()
	if top.header == nil {
		return nil
	}
	return cannotMake(top.header.Name, setFolder(top.root, ".", top.header))
}

func setFolder(at *os.Root, name string, h *tar.Header) error {
	handle, err := at.Open(name)
	if err != nil {
		return err
	}
	defer handle.Close()
	if err := setOwnerAndMode(handle, h); err != nil {
		return err
	}
	return at.Chtimes(name, time.Time{}, h.ModTime)
}

func (u *unpacker) folder(at *os.Root, name string, h *tar.Header) error {
	if len(u.levels) > deepestFolder {
		return malformed("it has more than %d nested folders", deepestFolder)
	}
	own := h
	err := at.Mkdir(name, 0o700)
	if errors.Is(err, fs.ErrExist) {
		// The kubelet may have made it just now, for the container of a later step.
		own, err = nil, nil
		u.before[h.Name] = true
		u.late = append(u.late, h)
	}
	if err != nil {
		return err
	}
	found, err := at.Lstat(name)
	if err != nil {
		return err
	}
	if !found.IsDir() {
		return malformed("it contains %s twice", shown(h.Name))
	}
	folder, err := enter(at, name, found)
	if err != nil {
		return err
	}
	u.levels = append(u.levels, level{h.Name + "/", folder, own})
	return nil
}

func (u *unpacker) file(at *os.Root, name string, h *tar.Header, content io.Reader) error {
	if isSparse(h) {
		return malformed("%s has holes", shown(h.Name))
	}
	file, err := at.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	defer file.Close()
	readErr, writeErr := copyExactly(file, content, h.Size, u.buffer)
	switch {
	case writeErr != nil:
		return writeErr
	case readErr == io.ErrUnexpectedEOF:
		return malformed("it is truncated")
	case readErr != nil:
		return readErr
	}
	u.content += h.Size
	if err := setOwnerAndMode(file, h); err != nil {
		return err
	}
	return at.Chtimes(name, time.Time{}, h.ModTime)
}

// isSparse finds files that take less in the archive than on the disk: pack writes none, and one could fill the node.
func isSparse(h *tar.Header) bool {
	for key := range h.PAXRecords {
		if strings.HasPrefix(key, "GNU.sparse.") {
			return true
		}
	}
	return false
}

func (u *unpacker) symlink(at *os.Root, name string, h *tar.Header) error {
	if err := at.Symlink(h.Linkname, name); err != nil {
		return err
	}
	if _, err := setOwner(h, func(uid, gid int) error { return at.Lchown(name, uid, gid) }); err != nil {
		return err
	}
	// Not every file system keeps it.
	_ = setLinkTime(at, name, h.ModTime.Unix())
	return nil
}

// link makes a hard link. Root keeps its target in the directory.
func (u *unpacker) link(h *tar.Header) error {
	if !isEntryPath(h.Linkname) {
		return malformed("%s is a link to %s", shown(h.Name), shown(h.Linkname))
	}
	tree := u.levels[0].root
	target, err := tree.Lstat(h.Linkname)
	if err != nil || !target.Mode().IsRegular() {
		return malformed("%s is a link to %s, which is no file of it", shown(h.Name), shown(h.Linkname))
	}
	return tree.Link(h.Linkname, h.Name)
}

// setOwnerAndMode sets the owner first, since that takes away setuid and setgid. Without the owner nobody gets these: the file
// would run as the gate's user.
func setOwnerAndMode(file *os.File, h *tar.Header) error {
	isOwned, err := setOwner(h, file.Chown)
	if err != nil {
		return err
	}
	mode := h.FileInfo().Mode()
	if !isOwned {
		mode &^= fs.ModeSetuid | fs.ModeSetgid
	}
	return file.Chmod(mode)
}

// setOwner sets owner and group, or the group alone, as far as the gate's user may.
func setOwner(h *tar.Header, chown func(uid, gid int) error) (isOwned bool, err error) {
	err = chown(h.Uid, h.Gid)
	if !isRefused(err) {
		return err == nil, err
	}
	if err = chown(-1, h.Gid); isRefused(err) {
		err = nil
	}
	return false, err
}

// isRefused is true if the user lacks the right, or the owner does not exist in the user namespace.
func isRefused(err error) bool {
	return errors.Is(err, syscall.EPERM) || errors.Is(err, syscall.EINVAL)
}

// setLate sets the attributes of folders that were there before. They may belong to another user.
func (u *unpacker) setLate() error {
	tree := u.levels[0].root
	for at := len(u.late) - 1; at >= 0; at-- {
		h := u.late[at]
		if err := setFolder(tree, h.Name, h); err != nil && !isRefused(err) {
			return cannotMake(h.Name, err)
		}
	}
	return nil
}

// undo removes everything but the folders that were there before.
func (u *unpacker) undo() error {
	for len(u.levels) > 1 {
		u.levels[len(u.levels)-1].root.Close()
		u.levels = u.levels[:len(u.levels)-1]
	}
	return u.empty(u.levels[0].root, "")
}

func (u *unpacker) empty(at *os.Root, path string) error {
	names, err := namesIn(at)
	if err != nil {
		return err
	}
	for _, name := range names {
		isKept := u.before[path+name]
		if !isKept && at.Remove(name) == nil {
			continue
		}
		if err := u.emptyBelow(at, name, path+name, isKept); err != nil {
			return err
		}
	}
	return nil
}

func (u *unpacker) emptyBelow(at *os.Root, name, path string, isKept bool) error {
	found, err := at.Lstat(name)
	if err != nil {
		return err
	}
	if !found.IsDir() {
		return at.Remove(name)
	}
	if !isKept {
		// Without root, only the owner's right to write allows to remove what is in it.
		_ = at.Chmod(name, 0o700)
	}
	folder, err := enter(at, name, found)
	if err != nil {
		return err
	}
	err = u.empty(folder, path+"/")
	folder.Close()
	if err != nil || isKept {
		return err
	}
	return at.Remove(name)
}
