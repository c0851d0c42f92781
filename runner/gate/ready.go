package main

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"syscall"
	"time"
)

// readyCheck is `ready` of step.json: exactly one of the three checks, and the time within which it must succeed.
type readyCheck struct {
	TCP       int        `json:"tcp"`
	HTTP      *httpCheck `json:"http"`
	Exec      []string   `json:"exec"`
	TimeoutMs int64      `json:"timeoutMs"`
}

type httpCheck struct {
	Port int    `json:"port"`
	Path string `json:"path"`
}

const (
	probeFirst = 100 * time.Millisecond // the pause after the first check; it grows
	probeMost  = time.Second
	netLimit   = 2 * time.Second // of one check by tcp or http
	execLimit  = 10 * time.Second
)

// markProbing exists in the folder of a service that has a readiness check: without `child`, it is not ready.
const markProbing = "probing"

// valid returns what is wrong with a check.
func (r readyCheck) valid() error {
	kinds := 0
	for _, set := range []bool{r.TCP != 0, r.HTTP != nil, len(r.Exec) > 0} {
		if set {
			kinds++
		}
	}
	switch {
	case kinds != 1:
		return errors.New("ready must have one of tcp, http and exec")
	case r.TCP != 0 && !isPort(r.TCP):
		return fmt.Errorf("ready.tcp is %d, which is not a port", r.TCP)
	case r.HTTP != nil && !isPort(r.HTTP.Port):
		return fmt.Errorf("ready.http.port is %d, which is not a port", r.HTTP.Port)
	case r.HTTP != nil && !isPath(r.HTTP.Path):
		return fmt.Errorf("ready.http.path is %q, which is not a path", r.HTTP.Path)
	case r.TimeoutMs <= 0:
		return errors.New("ready.timeoutMs must be more than 0")
	}
	return nil
}

func isPort(port int) bool { return port > 0 && port < 65536 }

// isPath: neither a space nor a line break, which would change the request.
func isPath(path string) bool {
	unfit := func(r rune) bool { return r <= ' ' || r == 0x7f }
	return strings.HasPrefix(path, "/") && !strings.ContainsFunc(path, unfit)
}

// readyCheck returns the check of a service; there is none for other steps, nor where the program replaces the gate.
func (g *gate) readyCheck() *readyCheck {
	if !g.step.background() || g.ownStep.PID1 {
		return nil
	}
	return g.ownStep.Ready
}

// readiness checks a service until it is ready.
type readiness struct {
	ready chan struct{} // closed when a check has succeeded; nil without a check
	quit  chan struct{}
	limit time.Duration // of a program that checks

	mu      sync.Mutex
	closed  bool
	program *child // the check that runs
	told    bool   // why a check can't be run
}

// startProbing checks a service that was started, from now on.
func (a *attempts) startProbing(check *readyCheck) *readiness {
	r := &readiness{quit: make(chan struct{}), limit: execLimit}
	if check == nil {
		return r
	}
	r.ready = make(chan struct{})
	probe := a.probe(r, *check)
	go func() {
		for pause := probeFirst; !probe(); pause = nextPause(pause) {
			select {
			case <-r.quit:
				return
			case <-time.After(pause):
			}
		}
		close(r.ready)
	}()
	return r
}

func nextPause(pause time.Duration) time.Duration { return min(pause*5/4, probeMost) }

func (a *attempts) probe(r *readiness, check readyCheck) func() bool {
	switch {
	case check.HTTP != nil:
		return func() bool { return answersHTTP(*check.HTTP, time.Now().Add(netLimit)) }
	case len(check.Exec) > 0:
		env := environmentList(a.env)
		return func() bool { return r.succeeds(a.reaper, check.Exec, a.env, env) }
	}
	return func() bool { return acceptsTCP(check.TCP, time.Now().Add(netLimit)) }
}

// close ends the checks: none is started any more, and a program that runs is killed.
func (r *readiness) close() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return
	}
	r.closed = true
	close(r.quit)
	if r.program != nil {
		r.program.killGroup()
	}
}

// succeeds runs a program as check: exit code 0 means ready.
func (r *readiness) succeeds(processes *reaper, argv []string, env map[string]string, list []string) bool {
	c := r.begin(processes, argv, env, list)
	if c == nil {
		return false
	}
	late := time.NewTimer(r.limit)
	defer late.Stop()
	select {
	case <-c.over:
	case <-late.C:
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	// With all that it started: a program that hangs, or what is left of one that has ended.
	c.killGroup()
	r.program = nil
	return isClosed(c.over) && c.code == 0
}

func (r *readiness) begin(processes *reaper, argv []string, env map[string]string, list []string) *child {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.closed {
		return nil
	}
	c, refused := startCheck(processes, argv, env, list)
	if refused != nil && !r.told {
		r.told = true
		write(stderr, "hangar: cannot run the readiness check "+refused.text+"\n")
	}
	r.program = c
	return c
}

// startCheck starts a program without input, whose output is discarded.
func startCheck(processes *reaper, argv []string, env map[string]string, list []string) (*child, *refusal) {
	path, refused := lookUp(argv[0], env)
	if refused != nil {
		return nil, refused
	}
	null, err := syscall.Open("/dev/null", syscall.O_RDWR|syscall.O_CLOEXEC, 0)
	if err != nil {
		return nil, refusedBy("/dev/null", err)
	}
	defer syscall.Close(null)
	files := []uintptr{uintptr(null), uintptr(null), uintptr(null)}
	c, err := processes.start(path, argv, list, files)
	if err != nil {
		return nil, refusedBy(path, err)
	}
	return c, nil
}
