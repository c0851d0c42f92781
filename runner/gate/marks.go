package main

import (
	"crypto/ed25519"
	"encoding/base64"
	"fmt"
	"syscall"
)

// marks are lines that the runner removes from the log: they report events within milliseconds.
//
// A step's program writes to the same streams and may read the nonce. So the first mark, written before any
// program starts, contains a public key, and later ones are signed: the program can't report an end in the gate's name.
type marks struct {
	nonce string
	key   ed25519.PrivateKey
}

const (
	stdout        = 1
	stderr        = 2
	prSetDumpable = 4
)

// newMarks creates the key and hides it from the step: /proc/<gate>/mem and ptrace require SYS_PTRACE from here on.
func newMarks(nonce string) (marks, error) {
	if _, _, errno := syscall.RawSyscall(syscall.SYS_PRCTL, prSetDumpable, 0, 0); errno != 0 {
		return marks{}, fmt.Errorf("cannot hide its key from the step (prctl): %w", errno)
	}
	_, key, err := ed25519.GenerateKey(nil)
	if err != nil {
		return marks{}, fmt.Errorf("cannot make the key of its marks: %w", err)
	}
	return marks{nonce: nonce, key: key}, nil
}

func (m marks) start(atMs int64) {
	m.first(fmt.Sprintf("start at=%d", atMs))
}

func (m marks) skip(why decision, atMs int64) {
	m.first(fmt.Sprintf("skip why=%s at=%d", why, atMs))
}

// first is written to both streams: they are copied into the log independently, and either may be copied first.
func (m marks) first(words string) {
	public := m.key.Public().(ed25519.PublicKey)
	line := fmt.Sprintf("\x1ehangar %s %s key=%s\n", m.nonce, words, base64.RawURLEncoding.EncodeToString(public))
	write(stdout, line)
	write(stderr, line)
}

// ready reports that a service's readiness check has succeeded.
func (m marks) ready(atMs int64) {
	m.signed(stdout, fmt.Sprintf("ready at=%d", atMs))
}

// end is written to both streams: once both marks were read, the log is complete.
func (m marks) end(word decision, code int, atMs int64) {
	why := ""
	if word == timedOut || word == unready {
		why = " why=" + string(word)
	}
	m.signed(stdout, fmt.Sprintf("end code=%d%s at=%d", code, why, atMs))
	m.signed(stderr, fmt.Sprintf("close at=%d", atMs))
}

func (m marks) signed(stream int, words string) {
	signature := ed25519.Sign(m.key, []byte(words))
	write(stream, fmt.Sprintf("\x1ehangar %s %s sig=%s\n", m.nonce, words, base64.RawURLEncoding.EncodeToString(signature)))
}
