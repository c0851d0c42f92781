package main

import (
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// stopGrace is the time between stop signal and SIGKILL if step.json doesn't set it.
const stopGrace = 10 * time.Second

// gate is the parent of one step.
type gate struct {
	places  places
	n       int
	stage   stage
	step    plannedStep
	ownStep ownStep
	own     *own
	peers   peers
	waits   patience
	signals *signals
	reaper  *reaper
	marks   marks
}

// runStep runs a gated container from start to end.
func runStep(p places, n int) int {
	caught := catchSignals()
	adoptOrphans()
	o, err := claim(p, n)
	if err != nil {
		return fail(p, err)
	}
	g, err := load(p, o, caught)
	if err != nil {
		return g.failed(err)
	}
	caught.serve(signalNamed(g.ownStep.StopSignal), g.stopping)
	word, results, err := g.awaitTurn()
	switch {
	case err != nil:
		return g.failed(err)
	case word != run:
		return g.skip(word)
	}
	return g.runChild(results)
}

func load(p places, o *own, caught *signals) (*gate, error) {
	g := &gate{places: p, n: o.n, own: o, signals: caught, reaper: newReaper(caught.gone)}
	var err error
	if g.stage, err = loadStage(p.stage); err != nil {
		return g, err
	}
	if g.ownStep, err = loadStep(p.step, o.n); err != nil {
		return g, err
	}
	known := false
	if g.step, known = g.stage.find(o.n); !known {
		return g, fmt.Errorf("%s has no step %d", p.stage, o.n)
	}
	if g.marks, err = newMarks(g.stage.Nonce); err != nil {
		return g, err
	}
	g.peers = peers{places: p, steps: g.stage.Steps}
	g.waits = patience{peers: g.peers, stopped: caught.stopped, nearby: g.step.After}
	if g.readyCheck() != nil {
		return g, o.create(markProbing)
	}
	return g, nil
}

func (g *gate) stopping() { _ = g.own.mark("stopping") }

// failed ends a gate that can't do its work; the others see it as any failure.
func (g *gate) failed(err error) int {
	now := nowMs()
	_ = g.own.exit(exitLine(ran, codeOwnFailure, now, now))
	return fail(g.places, err)
}

func (g *gate) skip(why decision) int {
	if why == stopping {
		g.stopping()
	}
	now := nowMs()
	g.marks.skip(why, now)
	return g.finish(why, 0, now, now)
}

// finish publishes the end: to the other steps, the log and the runner.
func (g *gate) finish(word decision, code int, startMs, endMs int64) int {
	line := exitLine(word, code, startMs, endMs)
	if err := g.own.exit(line); err != nil {
		return fail(g.places, err)
	}
	g.own.release(lockSlot)
	g.marks.end(word, code, endMs)
	_ = os.WriteFile(g.places.terminated, []byte(line), 0o666)
	return code
}

// environment returns the child's environment and writes the file that plugins read.
func (g *gate) environment(results map[int]result) (map[string]string, error) {
	failing := failedSteps(results, g.stage.Steps)
	known := statusValues(g.stage, failing, time.Now())
	env := childEnvironment(os.Environ(), g.stage, g.ownStep, gateValues(g.stage, g.n, failing, known))
	status := map[string]string{}
	for key := range known {
		status[key] = env[key]
	}
	path := filepath.Join(g.places.drone, "env")
	if err := publish(path, envFile(g.stage.DroneEnv, status)); err != nil {
		return nil, fmt.Errorf("cannot write %s: %w", path, err)
	}
	return env, nil
}
