package main

import (
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// places contains every path that the gate uses, under a root that is empty in a container.
type places struct {
	bin         string
	placeholder string
	states      string
	initEnd     string
	stage       string
	step        string
	drone       string
	pod         string
	terminated  string
}

func placesUnder(root string) places {
	at := func(path string) string { return filepath.Join(root, path) }
	if root == "" {
		at = func(path string) string { return path }
	}
	return places{
		bin:         at("/hangar/bin"),
		placeholder: at("/placeholder"),
		states:      at("/hangar/state"),
		initEnd:     at("/hangar/state/init"),
		stage:       at("/hangar/common/stage.json"),
		step:        at("/hangar/own/step.json"),
		drone:       at("/run/drone"),
		pod:         at("/hangar/pod"),
		terminated:  at("/dev/termination-log"),
	}
}

func (p places) state(n int, file string) string {
	return filepath.Join(p.states, strconv.Itoa(n), file)
}

func (p places) result(n int) string {
	return filepath.Join(p.pod, "result-"+strconv.Itoa(n))
}

// prepared returns when the Pod was ready for its first container: when the init container ended or, in a Pod without one,
// when the kubelet wrote the files of the Secret.
func (p places) prepared() (time.Time, bool) {
	text, err := readSmall(p.initEnd, exitLimit)
	if errors.Is(err, os.ErrNotExist) {
		info, err := os.Stat(p.stage)
		if err != nil {
			return time.Time{}, false
		}
		return info.ModTime(), true
	}
	initEndMs, err := strconv.ParseInt(strings.TrimSpace(text), 10, 64)
	return time.UnixMilli(initEndMs), err == nil
}
