package main

import (
	"archive/tar"
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
	"math"
	"os"
	"strconv"
)

// An archive begins and ends with a record of the gate's own, a global header of PAX: the digest of the tree, by which a build
// sees that it has nothing to save, and the number of entries, without which an archive that was cut looks like a smaller one.
const (
	digestKey  = "HANGAR.digest"
	entriesKey = "HANGAR.entries"

	recordBytes  = 2 * 512
	trailerBytes = 2 * 512 // ends each tar archive
)

func record(key, value string) *tar.Header {
	return &tar.Header{
		Typeflag: tar.TypeXGlobalHeader, Name: "hangar", Format: tar.FormatPAX,
		PAXRecords: map[string]string{key: value},
	}
}

// tally is what is known of a tree without its contents.
type tally struct {
	size    int64 // of the archive, about
	content int64 // bytes of all files
	files   int64 // all entries but folders
	entries int64
	sum     hash.Hash
}

func newTally() *tally { return &tally{sum: sha256.New()} }

func (t *tally) add(h *tar.Header) {
	t.entries++
	t.size = plus(t.size, plus(h.Size, headerBytes))
	t.content = plus(t.content, h.Size)
	if h.Typeflag != tar.TypeDir {
		t.files++
	}
	fmt.Fprintf(t.sum, "%d %s %c %o %d %d %d %d %d %s\n", len(h.Name), h.Name, h.Typeflag, h.Mode, h.Uid, h.Gid, h.Size,
		h.ModTime.Unix(), len(h.Linkname), h.Linkname)
}

// plus adds without overflow: a sparse file can pretend to have almost any size.
func plus(a, b int64) int64 {
	if a > math.MaxInt64-b {
		return math.MaxInt64
	}
	return a + b
}

// most is what the archive takes at most, unless it has very long names.
func (t *tally) most() int64 { return plus(t.size, 2*recordBytes+trailerBytes) }

func (t *tally) digest() string { return hex.EncodeToString(t.sum.Sum(nil)) }

// measure walks a tree without opening its files.
func measure(root *os.Root) (*tally, error) {
	t := newTally()
	err := walk(root, func(e entry) error {
		t.add(e.header)
		return nil
	})
	return t, err
}

// packer writes the archive of a tree that was measured.
type packer struct {
	out    *tar.Writer
	want   *tally
	got    *tally
	buffer []byte
}

// pack writes the archive. The tree must be as it was measured: processes of the build may still change it, and a cache that is
// half old and half new is worse than none.
func pack(to io.Writer, root *os.Root, want *tally, buffer []byte) error {
	buffered := bufio.NewWriterSize(to, copyBytes)
	p := &packer{out: tar.NewWriter(buffered), want: want, got: newTally(), buffer: buffer}
	if err := p.out.WriteHeader(record(digestKey, want.digest())); err != nil {
		return err
	}
	if err := walk(root, p.add); err != nil {
		return err
	}
	if p.got.digest() != want.digest() {
		return errChanged
	}
	if err := p.out.WriteHeader(record(entriesKey, strconv.FormatInt(want.entries, 10))); err != nil {
		return err
	}
	if err := p.out.Close(); err != nil {
		return err
	}
	return buffered.Flush()
}

func (p *packer) add(e entry) error {
	p.got.add(e.header)
	if p.got.size > p.want.size {
		return errChanged
	}
	if e.header.Typeflag != tar.TypeReg {
		return p.out.WriteHeader(e.header)
	}
	file, err := openFound(e.folder, e.name, os.O_RDONLY, e.info)
	if err != nil {
		return treeError(e.header.Name, err)
	}
	defer file.Close()
	if err := p.out.WriteHeader(e.header); err != nil {
		return err
	}
	return p.content(e, file)
}

// content copies a file, and makes sure that nobody has written to it meanwhile.
func (p *packer) content(e entry, file *os.File) error {
	readErr, writeErr := copyExactly(p.out, file, e.header.Size, p.buffer)
	switch {
	case writeErr != nil:
		return writeErr
	case readErr == io.ErrUnexpectedEOF:
		return changed(e.header.Name)
	case readErr != nil:
		return treeError(e.header.Name, readErr)
	}
	after, err := file.Stat()
	if err != nil {
		return treeError(e.header.Name, err)
	}
	if after.Size() != e.info.Size() || !after.ModTime().Equal(e.info.ModTime()) {
		return changed(e.header.Name)
	}
	return nil
}

// storedDigest returns the digest that an archive begins with, or nothing if the archive isn't whole.
func storedDigest(file *os.File) string {
	info, err := file.Stat()
	if err != nil {
		return ""
	}
	last := info.Size() - recordBytes - trailerBytes
	if last < recordBytes || recordAt(file, last, entriesKey) == "" {
		return ""
	}
	return recordAt(file, 0, digestKey)
}

func recordAt(file io.ReaderAt, offset int64, key string) string {
	header, err := tar.NewReader(io.NewSectionReader(file, offset, recordBytes)).Next()
	if err != nil {
		return ""
	}
	return recordIn(header, key)
}

// recordIn returns the value of one of the gate's own records, or nothing.
func recordIn(header *tar.Header, key string) string {
	if header.Typeflag != tar.TypeXGlobalHeader {
		return ""
	}
	return header.PAXRecords[key]
}
