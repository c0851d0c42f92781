package main

import (
	"fmt"
	"path/filepath"
	"strings"
	"syscall"
)

// The exit codes of a shell for programs that it can't start.
const (
	codeNotExecutable = 126
	codeNotFound      = 127
)

// defaultPath is the default of container runtimes if an image sets none.
const defaultPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

// refusal is the reason why a command can't be started, with a shell's exit code for it.
type refusal struct {
	code int
	text string
}

// lookUp finds the file of a command in the child's own PATH, as a shell does.
func lookUp(name string, env map[string]string) (string, *refusal) {
	if strings.Contains(name, "/") {
		return name, nil
	}
	path, set := env["PATH"]
	if !set {
		path = defaultPath
	}
	unusable := ""
	for _, folder := range filepath.SplitList(path) {
		if folder == "" {
			folder = "."
		}
		candidate := folder + "/" + name
		switch executable(candidate) {
		case nil:
			return candidate, nil
		case syscall.EACCES:
			unusable = candidate
		}
	}
	if unusable != "" {
		return "", &refusal{codeNotExecutable, fmt.Sprintf("%s: found at %s, but not executable", name, unusable)}
	}
	return "", &refusal{codeNotFound, fmt.Sprintf("%s: not found in PATH (%s): name a program that the image has", name, path)}
}

func executable(path string) error {
	var info syscall.Stat_t
	if err := syscall.Stat(path, &info); err != nil {
		return syscall.ENOENT
	}
	const executeOK = 1
	if info.Mode&syscall.S_IFMT != syscall.S_IFREG || syscall.Access(path, executeOK) != nil {
		return syscall.EACCES
	}
	return nil
}

// refusedBy converts an error of execve to a shell's exit code and a message.
func refusedBy(path string, err error) *refusal {
	switch err {
	case syscall.ENOENT, syscall.ENOTDIR:
		if exists(path) {
			return &refusal{codeNotFound, path + ": its interpreter (first line #!, or the dynamic loader) is not in the image"}
		}
		return &refusal{codeNotFound, path + ": not found in the image"}
	case syscall.EACCES:
		return &refusal{codeNotExecutable, path + ": not executable for the step's user"}
	case syscall.ENOEXEC:
		return &refusal{codeNotExecutable, path + ": not a program of this machine's kind (wrong architecture, or a script without #!)"}
	case syscall.E2BIG:
		return &refusal{codeNotExecutable, path + ": arguments and environment are too long together"}
	}
	return &refusal{codeNotExecutable, path + ": " + err.Error()}
}
