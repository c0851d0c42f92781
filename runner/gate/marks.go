package main

import "fmt"

// marks are lines that the runner takes out of the log: hints that come in milliseconds.
type marks struct{ nonce string }

const (
	stdout = 1
	stderr = 2
)

func (m marks) start(atMs int64) {
	write(stdout, fmt.Sprintf("\x1ehangar %s start at=%d\n", m.nonce, atMs))
}

func (m marks) skip(why decision, atMs int64) {
	write(stdout, fmt.Sprintf("\x1ehangar %s skip why=%s at=%d\n", m.nonce, why, atMs))
}

// end goes to both streams: whoever has read both has read the whole log.
func (m marks) end(code int, atMs int64) {
	write(stdout, fmt.Sprintf("\x1ehangar %s end code=%d at=%d\n", m.nonce, code, atMs))
	write(stderr, fmt.Sprintf("\x1ehangar %s close at=%d\n", m.nonce, atMs))
}
