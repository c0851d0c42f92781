package main

import (
	"runtime"
	"sync"
	"syscall"
	"time"
	"unsafe"
)

// reaper starts processes and collects their exit codes, and reaps the orphans that become children of the gate. A process can
// have one only, since it reaps all children.
type reaper struct {
	mu       sync.Mutex
	children map[int]*child
	started  chan struct{}
	// ending is called with the id of a process that has ended, before the id may belong to another process.
	ending func(pid int)
}

func newReaper(ending func(pid int)) *reaper {
	r := &reaper{children: map[int]*child{}, started: make(chan struct{}, 1), ending: ending}
	go r.serve()
	return r
}

func (r *reaper) serve() {
	for {
		pid, err := nextEnd(waitExited | waitNoReap)
		switch {
		case err == syscall.EINTR:
		case err != nil:
			// The gate has no children.
			<-r.started
		default:
			r.ending(pid)
			r.reap(pid)
		}
	}
}

func (r *reaper) reap(pid int) {
	var status syscall.WaitStatus
	// The start of a program that can't be executed reaps its process itself.
	if reaped, err := syscall.Wait4(pid, &status, syscall.WNOHANG, nil); err != nil || reaped != pid {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	c, known := r.children[pid]
	if !known {
		return
	}
	delete(r.children, pid)
	c.code = status.ExitStatus()
	if status.Signaled() {
		c.code = 128 + int(status.Signal())
	}
	close(c.over)
}

// start starts a program as leader of its own session.
func (r *reaper) start(path string, argv, env []string, files []uintptr) (*child, error) {
	type answer struct {
		child *child
		err   error
	}
	answers := make(chan answer, 1)
	go func() {
		// The forking thread must exist as long as the child, since the parent-death signal depends on it.
		runtime.LockOSThread()
		c, err := r.fork(path, argv, &syscall.ProcAttr{Env: env, Files: files, Sys: childAttributes()})
		answers <- answer{c, err}
		if err == nil {
			<-c.over
		}
	}()
	got := <-answers
	return got.child, got.err
}

// fork holds the lock until the process is registered: it may have ended by then.
func (r *reaper) fork(path string, argv []string, attributes *syscall.ProcAttr) (*child, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	pid, err := syscall.ForkExec(path, argv, attributes)
	if err != nil {
		return nil, err
	}
	c := &child{pid: pid, over: make(chan struct{})}
	r.children[pid] = c
	select {
	case r.started <- struct{}{}:
	default:
	}
	return c, nil
}

// Options of waitid(2).
const (
	waitExited = 0x4
	waitNoHang = 0x1
	waitNoReap = 0x1000000
)

// childInfo is siginfo_t of a child's end, as 64-bit kernels write it.
type childInfo struct {
	_   [16]byte
	pid int32
	_   [108]byte
}

// nextEnd returns a child that has ended, without reaping it; ECHILD if there are no children.
func nextEnd(options int) (pid int, err error) {
	var info childInfo
	const anyChild = 0
	_, _, errno := syscall.Syscall6(syscall.SYS_WAITID, anyChild, 0, uintptr(unsafe.Pointer(&info)), uintptr(options), 0, 0)
	if errno != 0 {
		return 0, errno
	}
	return int(info.pid), nil
}

// hasChildren reports whether any process is a child of the gate.
func hasChildren() bool {
	_, err := nextEnd(waitExited | waitNoReap | waitNoHang)
	return err != syscall.ECHILD
}

const (
	leftoverLimit = 10 * time.Second
	leftoverPoll  = 5 * time.Millisecond
)

// awaitGone kills processes until none is left; false if some remain when the limit has passed.
func awaitGone(kill func(), remain func() bool, limit time.Duration) bool {
	for begin := time.Now(); ; time.Sleep(leftoverPoll) {
		kill()
		if !remain() {
			return true
		}
		if time.Since(begin) >= limit {
			return false
		}
	}
}
