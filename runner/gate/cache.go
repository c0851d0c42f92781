package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
)

// Exit codes of `gate cache`. A situation that a working storage can have, such as a full one, is none of them.
const (
	codeCacheFailed    = 1 // the storage can't be used, or an unexpected error occurred
	codeWrongArguments = 2
	codeCacheStopped   = 128 + int(syscall.SIGTERM)
)

const cacheUsage = `usage: gate cache restore --storage DIR --key KEY NAME=DIR...
       gate cache save --storage DIR --key KEY --max-bytes N --total-bytes N --max-age-ms N NAME=DIR...`

// cacheJob is one run of `gate cache`: the program of a step that the compiler adds to a pipeline with caches.
type cacheJob struct {
	saves      bool
	storage    string // the operator's directory
	key        string // the directory in it of all builds that share their caches
	maxBytes   int64
	totalBytes int64
	maxAgeMs   int64
	caches     []cacheDir
	log        io.Writer
	create     createArchive
	flock      lockFile
}

// cacheDir is a cache, and the build's directory for it.
type cacheDir struct{ name, dir string }

// note is an outcome that says why a cache was not restored or saved, and that nobody must repair.
type note string

func (n note) Error() string { return string(n) }

// notef makes a note. Names in it must have gone through shown.
func notef(format string, args ...any) error { return note(fmt.Sprintf(format, args...)) }

// errStopped ends a restore after a stop signal.
var errStopped = errors.New("the step is being stopped")

// cacheCommand is `gate cache`. Its lines are the log of the step.
func cacheCommand(args []string) int {
	job, err := parseCacheJob(args)
	if err != nil {
		write(2, fmt.Sprintf("hangar gate: %s\n%s\n", err, cacheUsage))
		return codeWrongArguments
	}
	return job.run()
}

func (j *cacheJob) run() int {
	store, err := openStorage(j.storage)
	if err != nil {
		j.say("%s", err)
		return codeCacheFailed
	}
	defer store.root.Close()
	if j.saves {
		return j.saveAll(store)
	}
	return j.restoreAll(store)
}

func (j *cacheJob) saveAll(store *storage) int {
	s := &saver{job: j, storage: store, buffer: make([]byte, copyBytes), kept: map[string]bool{}}
	code := 0
	for _, cache := range j.caches {
		line, err := s.save(cache)
		code = max(code, j.report(cache, line, "not saved", err))
	}
	if err := s.clean(); err != nil {
		j.say("%s", err)
		code = codeCacheFailed
	}
	return code
}

// restoreAll catches the stop signals, because a part of a cache is worse than none. A save needs no handler: what it leaves is
// removed by the next one.
func (j *cacheJob) restoreAll(store *storage) int {
	stopping, release := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer release()
	r := &restorer{job: j, storage: store, buffer: make([]byte, copyBytes), stop: stopping.Done()}
	code := 0
	for _, cache := range j.caches {
		line, err := r.restore(cache)
		code = max(code, j.report(cache, line, "not restored", err))
		if errors.Is(err, errStopped) {
			return codeCacheStopped
		}
	}
	return code
}

// report prints the outcome for one cache, and returns its part of the exit code.
func (j *cacheJob) report(cache cacheDir, line, failed string, err error) int {
	if err == nil {
		j.say("%s: %s", shown(cache.name), line)
		return 0
	}
	j.say("%s: %s: %s", shown(cache.name), failed, err)
	if expected := note(""); errors.As(err, &expected) {
		return 0
	}
	return codeCacheFailed
}

func (j *cacheJob) say(format string, args ...any) { fmt.Fprintf(j.log, format+"\n", args...) }

// archivePath is where the archive of a cache lies in the storage.
func (j *cacheJob) archivePath(name string) string { return j.key + "/" + name + archiveEnd }

const unset = -1

func parseCacheJob(args []string) (*cacheJob, error) {
	j := &cacheJob{maxBytes: unset, totalBytes: unset, maxAgeMs: unset, log: os.Stdout, create: createFile, flock: flock}
	if len(args) == 0 || args[0] != "restore" && args[0] != "save" {
		return nil, errors.New("cache: the first argument must be restore or save")
	}
	j.saves = args[0] == "save"
	rest, err := j.readOptions(args[1:])
	if err != nil {
		return nil, fmt.Errorf("cache %s: %w", args[0], err)
	}
	if err := j.readCaches(rest); err != nil {
		return nil, fmt.Errorf("cache %s: %w", args[0], err)
	}
	return j, nil
}

// readOptions reads the options, all of which are required: a limit that is missing must not mean none.
func (j *cacheJob) readOptions(args []string) ([]string, error) {
	texts := map[string]*string{"--storage": &j.storage, "--key": &j.key}
	numbers := map[string]*int64{}
	if j.saves {
		numbers = map[string]*int64{"--max-bytes": &j.maxBytes, "--total-bytes": &j.totalBytes, "--max-age-ms": &j.maxAgeMs}
	}
	for len(args) > 0 && (texts[args[0]] != nil || numbers[args[0]] != nil) {
		name := args[0]
		if len(args) == 1 {
			return nil, fmt.Errorf("%s needs a value", name)
		}
		if text := texts[name]; text != nil {
			*text = args[1]
		} else if n, err := strconv.ParseInt(args[1], 10, 64); err == nil && n >= 0 {
			*numbers[name] = n
		} else {
			return nil, fmt.Errorf("%s %q must be a whole number from 0 to %d", name, args[1], int64(math.MaxInt64))
		}
		args = args[2:]
	}
	for name, n := range numbers {
		if *n == unset {
			return nil, fmt.Errorf("%s is missing", name)
		}
	}
	if j.storage == "" {
		return nil, errors.New("--storage is missing")
	}
	if !isSafePath(j.key) {
		return nil, fmt.Errorf("--key %q must be a relative path whose components do not start with a dot", j.key)
	}
	return args, nil
}

func (j *cacheJob) readCaches(args []string) error {
	if len(args) == 0 {
		return errors.New("NAME=DIR is missing")
	}
	known := map[string]bool{}
	for _, arg := range args {
		name, dir, _ := strings.Cut(arg, "=")
		switch {
		case dir == "":
			return fmt.Errorf("%q must be NAME=DIR", arg)
		case strings.Contains(name, "/") || !isSafePath(name):
			return fmt.Errorf("%q: the name must be that of a file, and not start with a dot", arg)
		case known[name]:
			return fmt.Errorf("%q: there are two caches of this name", arg)
		}
		known[name] = true
		j.caches = append(j.caches, cacheDir{name, dir})
	}
	return nil
}

// isSafePath accepts a relative path of components that can't be mistaken for the gate's own files, which start with a dot.
func isSafePath(path string) bool {
	for _, part := range strings.Split(path, "/") {
		if part == "" || strings.HasPrefix(part, ".") {
			return false
		}
	}
	return true
}
