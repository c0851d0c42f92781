package main

import (
	"archive/tar"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"
	"syscall"
	"time"
)

// Limits of a tree, whatever a build has left in its directory.
const (
	deepestFolder  = 1000      // each level has an open file
	heldNamesLimit = 128 << 20 // bytes of the names that are in memory at once
	headerBytes    = 1024      // what an entry takes in the archive besides its content
)

// entry is a file, folder or link of a tree.
type entry struct {
	folder *os.Root
	name   string // in folder
	info   fs.FileInfo
	header *tar.Header
}

// walker visits the entries of a directory in the order of their names. It never follows a link, and holds each folder that it
// is in, so that nobody can lead it elsewhere.
type walker struct {
	visit  func(entry) error
	linked map[fileID]string // first names of files that have several
	held   int64
}

type fileID struct{ dev, ino uint64 }

// walk visits all entries below a directory.
func walk(root *os.Root, visit func(entry) error) error {
	w := &walker{visit: visit, linked: map[fileID]string{}}
	return w.folder(root, "", 0)
}

func (w *walker) folder(at *os.Root, path string, depth int) error {
	names, err := w.names(at, path)
	if err != nil {
		return err
	}
	for _, name := range names {
		if err := w.entry(at, path+name, name, depth); err != nil {
			return err
		}
	}
	for _, name := range names {
		w.held -= weight(name)
	}
	return nil
}

// names reads a folder in pieces, to notice in time that it does not fit into memory.
func (w *walker) names(at *os.Root, path string) ([]string, error) {
	handle, err := at.Open(".")
	if err != nil {
		return nil, treeError(path, err)
	}
	defer handle.Close()
	all := []string{}
	for {
		some, err := handle.Readdirnames(4096)
		for _, name := range some {
			if err := w.hold(name); err != nil {
				return nil, err
			}
		}
		all = append(all, some...)
		if err == io.EOF {
			slices.Sort(all)
			return all, nil
		}
		if err != nil {
			return nil, treeError(path, err)
		}
	}
}

// weight is about what a name takes in memory.
func weight(name string) int64 { return int64(len(name)) + 48 }

// hold counts a name that stays in memory.
func (w *walker) hold(name string) error {
	w.held += weight(name)
	if w.held > heldNamesLimit {
		return notef("it has too many files in one folder, or too many hard links: their names take more than %s of memory", sizeText(heldNamesLimit))
	}
	return nil
}

func (w *walker) entry(at *os.Root, path, name string, depth int) error {
	info, err := at.Lstat(name)
	if err != nil {
		return treeError(path, err)
	}
	header, err := w.header(at, path, name, info)
	if err != nil || header == nil {
		return err
	}
	if err := w.visit(entry{at, name, info, header}); err != nil || !info.IsDir() {
		return err
	}
	if depth == deepestFolder {
		return notef("%s has more than %d folders above it", shown(path), deepestFolder)
	}
	folder, err := enter(at, name, info)
	if err != nil {
		return treeError(path, err)
	}
	defer folder.Close()
	return w.folder(folder, path+"/", depth+1)
}

// header describes an entry as the archive does. Pipes, sockets and devices have none: they are left out.
func (w *walker) header(at *os.Root, path, name string, info fs.FileInfo) (*tar.Header, error) {
	stat := info.Sys().(*syscall.Stat_t)
	h := &tar.Header{
		Name: path, Mode: int64(stat.Mode & 0o7777), Uid: int(stat.Uid), Gid: int(stat.Gid),
		ModTime: time.Unix(info.ModTime().Unix(), 0),
	}
	var err error
	switch info.Mode().Type() {
	case 0:
		h.Typeflag, h.Size = tar.TypeReg, info.Size()
		err = w.asLink(h, stat)
	case fs.ModeDir:
		h.Typeflag = tar.TypeDir
	case fs.ModeSymlink:
		h.Typeflag = tar.TypeSymlink
		if h.Linkname, err = at.Readlink(name); err != nil {
			err = treeError(path, err)
		}
	default:
		return nil, nil
	}
	return h, err
}

// asLink turns the second and later names of a file into hard links to the first.
func (w *walker) asLink(h *tar.Header, stat *syscall.Stat_t) error {
	if stat.Nlink < 2 {
		return nil
	}
	id := fileID{uint64(stat.Dev), stat.Ino}
	if first, known := w.linked[id]; known {
		h.Typeflag, h.Linkname, h.Size = tar.TypeLink, first, 0
		return nil
	}
	w.linked[id] = h.Name
	return w.hold(h.Name)
}

// treeError is what an error in the directory of a build means for the cache.
func treeError(path string, err error) error {
	if path == "" {
		path = "its directory"
	}
	path = strings.TrimSuffix(path, "/")
	var errno syscall.Errno
	known := errors.As(err, &errno)
	switch {
	case isDenied(err):
		return notef("%s cannot be read by user %d, as which this step runs: %v", shown(path), os.Geteuid(), cause(err))
	case !known, slices.Contains([]syscall.Errno{
		syscall.ENOENT, syscall.ENOTDIR, syscall.ELOOP, syscall.ENXIO, syscall.EINVAL, syscall.ENODEV, syscall.ESTALE,
	}, errno):
		return changed(path)
	}
	return treeFailure{fmt.Errorf("cannot read %s: %w", shown(path), cause(err))}
}

// treeFailure is an error of the build's directory that nothing explains, as that of a broken disk.
type treeFailure struct{ error }

func changed(path string) error { return notef("%s changed while it was saved", shown(path)) }

// errChanged is for a tree of which another walk finds other entries.
const errChanged = note("it changed while it was saved")
