package main

import (
	"os"
	"runtime"
	"syscall"
)

// child is the step's program.
type child struct {
	pid   int
	ended chan int // exit code, sent once
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

// startChild runs the program with the gate's own descriptors, as leader of its own session as it would be without
// a gate: a script's `kill 0` must not reach the gate.
func startChild(path string, argv, env []string) begun {
	answer := make(chan begun, 1)
	go func() {
		// The forking thread must exist as long as the child, since the parent-death signal depends on it.
		runtime.LockOSThread()
		pid, err := syscall.ForkExec(path, argv, &syscall.ProcAttr{
			Env:   env,
			Files: []uintptr{0, 1, 2},
			Sys:   childAttributes(),
		})
		if err != nil {
			answer <- begun{refused: refusedBy(path, err)}
			return
		}
		c := &child{pid: pid, ended: make(chan int, 1)}
		answer <- begun{child: c}
		c.ended <- reapUntil(pid)
	}()
	return <-answer
}

func childAttributes() *syscall.SysProcAttr {
	attributes := &syscall.SysProcAttr{Setsid: true}
	if os.Getpid() != 1 {
		// The end of PID 1 kills all other processes; elsewhere this must be requested.
		attributes.Pdeathsig = syscall.SIGKILL
	}
	return attributes
}

// reapUntil reaps orphans until the child itself has ended, and returns its exit code.
func reapUntil(pid int) int {
	for {
		var status syscall.WaitStatus
		reaped, err := syscall.Wait4(-1, &status, 0, nil)
		switch {
		case err == syscall.EINTR:
		case err != nil:
			return codeOwnFailure
		case reaped == pid && status.Signaled():
			return 128 + int(status.Signal())
		case reaped == pid && status.Exited():
			return status.ExitStatus()
		}
	}
}

// sweep kills processes that a child left behind, if there is no PID namespace to do so.
func (c *child) sweep() {
	if os.Getpid() != 1 {
		_ = syscall.Kill(-c.pid, syscall.SIGKILL)
	}
}
