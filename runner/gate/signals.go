package main

import (
	"os"
	"os/signal"
	"sync"
	"syscall"
)

// signals hands every signal to the child, and keeps the order: `stopping` is written before a stop signal goes on,
// and no child starts after one.
type signals struct {
	mu        sync.Mutex
	incoming  chan os.Signal
	stopSet   map[syscall.Signal]bool
	stopped   chan struct{}
	isStopped bool
	pid       int
	onStop    func()
}

// catchSignals is called first of all: a signal that comes early must not be lost, and must not end PID 1.
func catchSignals() *signals {
	s := &signals{
		incoming: make(chan os.Signal, 64),
		stopSet:  map[syscall.Signal]bool{syscall.SIGTERM: true, syscall.SIGINT: true, syscall.SIGQUIT: true},
		stopped:  make(chan struct{}),
	}
	signal.Notify(s.incoming)
	return s
}

// serve begins to act on signals. own is the image's stop signal: the container runtime sends that one.
func (s *signals) serve(own syscall.Signal, onStop func()) {
	s.stopSet[own] = true
	s.onStop = onStop
	go func() {
		for incoming := range s.incoming {
			if sig, ok := incoming.(syscall.Signal); ok && sig != syscall.SIGCHLD && sig != syscall.SIGURG {
				s.handle(sig)
			}
		}
	}()
}

func (s *signals) handle(sig syscall.Signal) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stopSet[sig] && !s.isStopped {
		s.isStopped = true
		s.onStop()
		close(s.stopped)
	}
	if s.pid != 0 {
		_ = syscall.Kill(s.pid, sig)
	}
}

// launch runs start unless a stop came first. While start runs signals wait, and reach the child afterwards.
func (s *signals) launch(start func() (pid int)) (launched bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.isStopped {
		return false
	}
	s.pid = start()
	return true
}

// send passes a signal of the gate's own will.
func (s *signals) send(sig syscall.Signal) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.pid != 0 {
		_ = syscall.Kill(s.pid, sig)
	}
}

// gone says that the child was reaped: its number may belong to another process now.
func (s *signals) gone() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pid = 0
}
