package main

import (
	"os"
	"strconv"
	"strings"
	"syscall"
)

// child is a process that the gate has started: the step's program, or a readiness check.
type child struct {
	pid  int
	over chan struct{} // closed when the process was reaped
	code int           // exit code, or 128 + signal; set before over is closed
}

// begun is the result of a start: a child, or the reason for its absence.
type begun struct {
	child   *child
	refused *refusal
}

const prSetChildSubreaper = 36

// adoptOrphans makes this process the parent of its descendants' orphans if it isn't PID 1.
func adoptOrphans() {
	if os.Getpid() != 1 {
		_, _, _ = syscall.RawSyscall(syscall.SYS_PRCTL, prSetChildSubreaper, 1, 0)
	}
}

// childAttributes make the child the leader of its own session, as it would be without a gate: a script's `kill 0` must not
// reach the gate.
func childAttributes() *syscall.SysProcAttr {
	attributes := &syscall.SysProcAttr{Setsid: true}
	if os.Getpid() != 1 {
		// The end of PID 1 kills all other processes; elsewhere this must be requested.
		attributes.Pdeathsig = syscall.SIGKILL
	}
	return attributes
}

// sweep kills processes that a child left behind, if there is no PID namespace to do so.
func (c *child) sweep() {
	if os.Getpid() != 1 {
		c.killGroup()
	}
}

func (c *child) killGroup() { _ = syscall.Kill(-c.pid, syscall.SIGKILL) }

// endLeftovers ends all processes that a child left behind, so that the next attempt does not meet them.
func (c *child) endLeftovers() bool {
	kill := func() { _ = syscall.Kill(-1, syscall.SIGKILL) }
	if os.Getpid() != 1 {
		kill = func() {
			c.killGroup()
			for _, pid := range childrenOf(os.Getpid()) {
				_ = syscall.Kill(pid, syscall.SIGKILL)
			}
		}
	}
	return awaitGone(kill, hasChildren, leftoverLimit)
}

// childrenOf lists the children of a process. Orphans that left the child's process group are children of the gate, and so
// are theirs once their parents were killed.
func childrenOf(parent int) []int {
	folder, err := os.Open("/proc")
	if err != nil {
		return nil
	}
	defer folder.Close()
	names, _ := folder.Readdirnames(-1)
	found := []int{}
	for _, name := range names {
		pid, err := strconv.Atoi(name)
		if err != nil {
			continue
		}
		if text, err := os.ReadFile("/proc/" + name + "/stat"); err == nil && parentIn(string(text)) == parent {
			found = append(found, pid)
		}
	}
	return found
}

// parentIn returns the parent's id from the content of /proc/<pid>/stat; the program's name in it may contain anything.
func parentIn(stat string) int {
	fields := strings.Fields(stat[strings.LastIndexByte(stat, ')')+1:])
	if len(fields) < 2 {
		return 0
	}
	parent, _ := strconv.Atoi(fields[1])
	return parent
}
