// The gate runs inside a pipeline's Pod: as the init container that installs the program, as the parent of every
// step, as the placeholder of a step whose image is set later, and as the program of the steps that copy caches.
// PROTOCOL.md is its contract.
package main

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
)

// version is set by the build: -ldflags "-X main.version=…".
var version = "0.1.0"

const usage = `usage: gate [--root DIR] run <n> | hold PROGRAM [ARG]... | init <n>... | cache restore|save ... | shell [PROGRAM [ARG]...] | --version
  run <n>      wait for the turn of step <n>, decide, run it, report
  hold ...     in the placeholder's image: be the placeholder; in any other: become the program
  init <n>...  copy the program to /hangar/bin and make the steps' folders
  cache ...    copy caches from the operator's storage, or to it; alone, it prints its arguments
  shell [...]  run a program, by default sh, in the environment of the container's step
  --root DIR   stands before /hangar, /run/drone and /dev/termination-log (tests, embedded cluster)`

func main() {
	// A gate sleeps most of the time: two threads are enough, also on a node with 96 cores.
	runtime.GOMAXPROCS(2)
	if filepath.Base(os.Args[0]) == "placeholder" {
		os.Exit(placeholder(rooted(os.Args[1:])))
	}
	os.Exit(command(os.Args[1:]))
}

// rooted returns the places and the arguments after --root DIR.
func rooted(args []string) (places, []string) {
	if len(args) >= 2 && args[0] == "--root" {
		return placesUnder(args[1]), args[2:]
	}
	return placesUnder(""), args
}

func command(args []string) int {
	places, args := rooted(args)
	switch {
	case len(args) == 1 && args[0] == "--version":
		fmt.Println("hangar-gate " + version)
		return 0
	case len(args) >= 1 && args[0] == "init":
		return initialise(places, args[1:])
	case len(args) >= 1 && args[0] == "cache":
		return cacheCommand(args[1:])
	case len(args) >= 2 && args[0] == "hold":
		return hold(places, os.Environ(), args[1:])
	case len(args) >= 1 && args[0] == "shell":
		return shell(places, os.Environ(), args[1:])
	case len(args) == 2 && args[0] == "run":
		n, err := strconv.Atoi(args[1])
		if err != nil || n < 1 {
			return fail(places, fmt.Errorf("gate run %q: the step's number must be 1 or more", args[1]))
		}
		return runStep(places, n)
	}
	return fail(places, fmt.Errorf("unknown command %q\n%s", args, usage))
}
