package main

import (
	"os"
	"os/signal"
	"sync"
	"syscall"
)

// signals forwards every signal to the child, in order: `stopping` is written before a stop signal is forwarded,
// and no child starts after one. Between two attempts there is no child, and a signal that is no stop is dropped.
type signals struct {
	mu        sync.Mutex
	incoming  chan os.Signal
	stopSet   map[syscall.Signal]bool
	stopped   chan struct{}
	isStopped bool
	pid       int
	onStop    func()
}

// catchSignals is called first of all: an early signal must not be lost, and must not end PID 1.
func catchSignals() *signals {
	s := &signals{
		incoming: make(chan os.Signal, 64),
		stopSet:  map[syscall.Signal]bool{syscall.SIGTERM: true, syscall.SIGINT: true, syscall.SIGQUIT: true},
		stopped:  make(chan struct{}),
	}
	signal.Notify(s.incoming)
	return s
}

// serve starts handling signals. own is the image's stop signal, which the container runtime sends.
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

// launch runs start unless a stop was received first. Signals during start are forwarded to the child afterwards.
func (s *signals) launch(start func() (pid int)) (launched bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.isStopped {
		return false
	}
	s.pid = start()
	return true
}

// send sends a signal that the gate itself initiates.
func (s *signals) send(sig syscall.Signal) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.pid != 0 {
		_ = syscall.Kill(s.pid, sig)
	}
}

// end sends the stop signal to a child whose time is over; false if the child has ended, or a stop was received first.
func (s *signals) end(sig syscall.Signal) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.pid == 0 || s.isStopped {
		return false
	}
	_ = syscall.Kill(s.pid, sig)
	return true
}

// gone records that a process has ended: its pid may soon belong to another one.
func (s *signals) gone(pid int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.pid == pid {
		s.pid = 0
	}
}
