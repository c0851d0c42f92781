package main

import (
	"errors"
	"time"
)

// awaitTurn waits for barrier and dependencies, then decides by the results of all steps.
func (g *gate) awaitTurn() (decision, map[int]result, error) {
	for {
		err := g.awaitAll()
		results := g.peers.results()
		switch {
		case errors.Is(err, errStopping):
			return stopping, results, nil
		case err != nil:
			return wait, nil, err
		}
		d := decide(g.step, results, g.stage.Steps)
		if d == run {
			return g.awaitSlot()
		}
		if d != wait {
			return d, results, nil
		}
		// A step that modifies its own folder may look unfinished behind a free lock: this must not cause a busy loop.
		if g.waits.pause(pollSwap) != nil {
			return stopping, results, nil
		}
	}
}

// awaitSlot waits until fewer steps run than `parallelism` allows. What happens meanwhile may decide otherwise.
func (g *gate) awaitSlot() (decision, map[int]result, error) {
	var d decision
	var results map[int]result
	var failure error
	err := g.waits.poll(pollMin, func() bool {
		results = g.peers.results()
		if d = decide(g.step, results, g.stage.Steps); d != run {
			return d != wait
		}
		var isFree bool
		isFree, failure = g.takeSlot()
		return isFree || failure != nil
	})
	if errors.Is(err, errStopping) {
		return stopping, results, nil
	}
	return d, results, failure
}

func (g *gate) awaitAll() error {
	if err := g.passBarrier(); err != nil {
		return err
	}
	notBefore := g.startHold()
	for _, n := range g.step.After {
		if err := g.awaitDependency(n); err != nil {
			return err
		}
	}
	return g.waits.pause(time.Until(notBefore))
}

// startHold returns the time before which nothing starts: after a slow start a cancel may be delayed.
func (g *gate) startHold() time.Time {
	now := time.Now()
	if g.stage.Start == "barrier" && passesBarrier(g.stage, g.n) {
		return now
	}
	prepared, known := g.places.prepared()
	if !known {
		return now
	}
	return now.Add(slowStartHold(now.Sub(prepared)))
}

func (g *gate) awaitDependency(n int) error {
	step, known := g.stage.find(n)
	if !known {
		return nil
	}
	if step.swapped() {
		return g.waits.poll(pollSwap, func() bool { return done(step, g.peers.result(step)) })
	}
	if err := g.waits.poll(pollMin, func() bool { return g.peers.started(n) }); err != nil {
		return err
	}
	name := lockLife
	if step.background() {
		name = lockTurn
	}
	if err := g.waits.until(g.peers.released(n, name)); err != nil {
		return err
	}
	return g.holdAfterKill(step)
}

// holdAfterKill waits a second after a step that died without an exit file: if the whole Pod is being killed, our signal
// arrives within it.
func (g *gate) holdAfterKill(step plannedStep) error {
	if _, ok := g.peers.exit(step.N); ok {
		return nil
	}
	if _, ok := g.peers.told(step.N); ok {
		return nil
	}
	if step.background() && exists(g.places.state(step.N, "child")) {
		return nil
	}
	return g.waits.pause(holdKilled)
}
