package main

import "time"

// pollFast is how often a running step's gate checks the fail-fast steps.
const pollFast = 75 * time.Millisecond

// whenToStop is closed when the running child must be stopped: a fail-fast step failed, or, for a service or detached
// step, the last ordinary step has ended. It is not closed by a stop of the Pod, which is a signal.
func (g *gate) whenToStop() <-chan struct{} {
	stop := make(chan struct{})
	switch {
	case g.step.background():
		go func() {
			g.awaitOrdinary()
			close(stop)
		}()
	case len(g.failFast()) > 0:
		go func() {
			g.awaitFastFailure()
			close(stop)
		}()
	}
	return stop
}

func (g *gate) failFast() []plannedStep {
	steps := []plannedStep{}
	for _, step := range g.stage.Steps {
		if step.Fails == "fast" && !step.background() && step.N != g.n {
			steps = append(steps, step)
		}
	}
	return steps
}

func (g *gate) awaitFastFailure() {
	for !g.fastFailed() {
		time.Sleep(pollFast)
	}
}

func (g *gate) fastFailed() bool {
	for _, step := range g.failFast() {
		if failed(g.peers.result(step)) {
			return true
		}
	}
	return false
}

func (g *gate) awaitOrdinary() {
	for _, step := range g.stage.Steps {
		if step.background() {
			continue
		}
		for g.peers.result(step).phase != ended {
			if !step.swapped() && exists(g.places.state(step.N, "started")) {
				<-g.peers.released(step.N, lockLife)
			} else {
				time.Sleep(pollSwap)
			}
		}
	}
}
