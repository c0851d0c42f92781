package main

import (
	"os"
	"strings"
)

// codeOwnFailure ends a container whose gate could not do its work.
const codeOwnFailure = 214

// fail says loudly, on stderr and as the termination message, why the gate itself failed.
func fail(p places, err error) int {
	text := "hangar gate: " + strings.TrimSpace(err.Error()) + "\n"
	write(2, text)
	_ = os.WriteFile(p.terminated, []byte(text), 0o666)
	return codeOwnFailure
}
