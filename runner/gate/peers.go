package main

import "syscall"

// exitLimit is far above an exit line's 60 bytes.
const exitLimit = 256

// peers reads the other steps' state; it never writes.
type peers struct {
	places places
	steps  []plannedStep
}

// result returns the current state of a step.
func (p peers) result(step plannedStep) result {
	if step.swapped() {
		known, _ := p.told(step.N)
		return known
	}
	known := p.seen(step.N)
	known.stopping = exists(p.places.state(step.N, "stopping"))
	return known
}

func (p peers) seen(n int) result {
	if known, ok := p.exit(n); ok {
		return known
	}
	if !exists(p.places.state(n, "started")) {
		known, _ := p.told(n)
		return known
	}
	if !p.alive(n) {
		// It may have ended normally between the two checks.
		if known, ok := p.exit(n); ok {
			return known
		}
		if known, ok := p.told(n); ok && known.phase == ended {
			return known
		}
		return result{phase: ended, decision: p.killedWord(n), code: codeKilled}
	}
	if exists(p.places.state(n, "child")) {
		return result{phase: running}
	}
	return result{}
}

// killedWord is the word of a step whose gate has left no result: a service may have been killed before it was ready.
func (p peers) killedWord(n int) decision {
	if exists(p.places.state(n, markProbing)) && !exists(p.places.state(n, "child")) {
		return unready
	}
	return ran
}

// exit reads the result that a gate wrote itself.
func (p peers) exit(n int) (result, bool) {
	line, err := readSmall(p.places.state(n, "exit"), exitLimit)
	if err != nil {
		return result{}, false
	}
	known, ok := parseExit(line)
	return known, ok && known.phase == ended
}

// told reads the runner's annotation for a step without a gate (swapped, or never started).
func (p peers) told(n int) (result, bool) {
	line, err := readSmall(p.places.result(n), exitLimit)
	if err != nil {
		return result{}, false
	}
	return parseExit(line)
}

func (p peers) results() map[int]result {
	all := make(map[int]result, len(p.steps))
	for _, step := range p.steps {
		all[step.N] = p.result(step)
	}
	return all
}

// started reports whether a gate has started, or the runner has reported that it never will.
func (p peers) started(n int) bool {
	if exists(p.places.state(n, "started")) || exists(p.places.state(n, "exit")) {
		return true
	}
	_, known := p.told(n)
	return known
}

// alive reports whether the gate of a started step still holds its life lock.
func (p peers) alive(n int) bool { return p.holds(n, lockLife) }

// holds reports whether the gate of a step holds its lock of that name.
func (p peers) holds(n int, name string) bool {
	fd, err := p.open(n, name)
	if err != nil {
		return false
	}
	defer syscall.Close(fd)
	return flock(fd, syscall.LOCK_SH|syscall.LOCK_NB) == syscall.EWOULDBLOCK
}

// released returns a channel that is closed once a started step's lock is free, by release or by death. It blocks one thread.
func (p peers) released(n int, name string) <-chan struct{} {
	free := make(chan struct{})
	go func() {
		defer close(free)
		fd, err := p.open(n, name)
		if err != nil {
			return
		}
		defer syscall.Close(fd)
		_ = flock(fd, syscall.LOCK_SH)
	}()
	return free
}

func (p peers) open(n int, name string) (int, error) {
	return syscall.Open(p.places.state(n, name), syscall.O_RDONLY|syscall.O_NONBLOCK|syscall.O_CLOEXEC, 0)
}

func (p peers) anyStopping(steps []int) bool {
	for _, n := range steps {
		if exists(p.places.state(n, "stopping")) {
			return true
		}
	}
	return false
}

func (p peers) all() []int {
	numbers := make([]int, 0, len(p.steps))
	for _, step := range p.steps {
		numbers = append(numbers, step.N)
	}
	return numbers
}
