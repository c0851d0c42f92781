package main

import (
	"os"
	"runtime"
	"syscall"
)

// child is the step's program.
type child struct {
	pid   int
	ended chan int // its code, once
}

// begun is how a start went: a child, or why there is none.
type begun struct {
	child   *child
	refused *refusal
}

const prSetChildSubreaper = 36

// adoptOrphans makes this process the parent of its descendants' orphans where it isn't PID 1.
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
		// The thread that forked must live as long as the child: the parent-death signal hangs on it.
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
		// PID 1 takes everything with it when it dies; elsewhere that must be asked for.
		attributes.Pdeathsig = syscall.SIGKILL
	}
	return attributes
}

// reapUntil collects orphans until the child itself has ended, and gives its code.
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

// sweep ends what a child left behind where no PID namespace does it.
func (c *child) sweep() {
	if os.Getpid() != 1 {
		_ = syscall.Kill(-c.pid, syscall.SIGKILL)
	}
}
