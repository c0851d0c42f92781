package main

import (
	"fmt"
	"strconv"
	"strings"
)

// phase is the progress of a step, as others can see it.
type phase int

const (
	waiting phase = iota
	running       // its child was started
	ended
)

// codeKilled is the exit code assumed for a step that died without an exit file.
const codeKilled = 137

// result is the known state of a step.
type result struct {
	phase    phase
	decision decision
	code     int
	stopping bool // its gate got, or saw, a stop signal
}

// exitLine is the one line of `exit`, of the annotation and of the termination message: at most 60 bytes.
func exitLine(d decision, code int, startMs, endMs int64) string {
	return fmt.Sprintf("%s %d %d %d\n", d, code, startMs, endMs)
}

// parseExit parses exitLine, and `running 0 <startMs> 0` of a swapped step. Anything else is unknown.
func parseExit(line string) (result, bool) {
	fields := strings.Fields(line)
	if len(fields) != 4 {
		return result{}, false
	}
	code, err := strconv.Atoi(fields[1])
	if err != nil || code < 0 || code > 255 {
		return result{}, false
	}
	if fields[0] == "running" {
		return result{phase: running}, true
	}
	d := decision(fields[0])
	if !d.runs() && !d.skips() {
		return result{}, false
	}
	return result{phase: ended, decision: d, code: code}, true
}
