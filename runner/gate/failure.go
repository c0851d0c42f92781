package main

import (
	"os"
	"strings"
)

// codeOwnFailure is the exit code of a gate that could not do its work.
const codeOwnFailure = 214

// fail reports, on stderr and in the termination message, why the gate itself failed.
func fail(p places, err error) int {
	text := "hangar gate: " + strings.TrimSpace(err.Error()) + "\n"
	write(2, text)
	_ = os.WriteFile(p.terminated, []byte(text), 0o666)
	return codeOwnFailure
}
