package main

import (
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"
)

const (
	// codePlaceholder is an exit code that a step's program is unlikely to have: the runner recognises the placeholder by it.
	codePlaceholder = 213
	// envWait is how long the kubelet may take to write a file of the downward API. It does so while it stops the
	// placeholder; without the wait the step's program may start before its status file has content.
	envWait = 3 * time.Second
	envPoll = 20 * time.Millisecond
)

// placeholder stands in for a step's program until the step's turn. In an image that has a program of its own, its
// arguments are --else, the path of that program and arguments: outside of a step's container it becomes that program.
func placeholder(p places, args []string) int {
	if _, err := os.Stat(p.drone); len(args) > 1 && args[0] == "--else" && os.IsNotExist(err) {
		return fail(p, fmt.Errorf("%s: %w", args[1], syscall.Exec(args[1], args[1:], os.Environ())))
	}
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM, syscall.SIGINT)
	<-stop
	awaitContent(filepath.Join(p.drone, "env"))
	return codePlaceholder
}

// awaitContent returns when the file has content, and at once if there is no such file.
func awaitContent(path string) {
	for end := time.Now().Add(envWait); time.Now().Before(end); time.Sleep(envPoll) {
		if info, err := os.Stat(path); err != nil || info.Size() > 0 {
			return
		}
	}
}
