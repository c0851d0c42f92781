package main

import (
	"fmt"
	"os"
	"path/filepath"
	"syscall"
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
	g := &gate{places: p, n: o.n, own: o, signals: caught}
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
	g.marks.end(code, endMs)
	_ = os.WriteFile(g.places.terminated, []byte(line), 0o666)
	return code
}

func (g *gate) runChild(results map[int]result) int {
	env, err := g.environment(results)
	if err != nil {
		return g.failed(err)
	}
	path, refused := lookUp(g.ownStep.Argv[0], env)
	var started begun
	startMs := int64(0)
	launched := g.signals.launch(func() int {
		if g.peers.anyStopping(g.peers.all()) {
			return 0
		}
		startMs = nowMs()
		g.marks.start(startMs)
		started = g.begin(path, refused, environmentList(env))
		if started.child == nil {
			return 0
		}
		return started.child.pid
	})
	switch {
	case !launched || startMs == 0:
		return g.skip(stopping)
	case started.refused != nil:
		write(stderr, "hangar: cannot run "+started.refused.text+"\n")
		return g.finish(ran, started.refused.code, startMs, nowMs())
	}
	return g.attend(started.child, startMs)
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

func (g *gate) begin(path string, refused *refusal, env []string) begun {
	if refused != nil {
		return begun{refused: refused}
	}
	if g.ownStep.PID1 {
		return g.replace(path, env)
	}
	return startChild(path, g.ownStep.Argv, env)
}

// replace executes the program in place of the gate; it returns only if that fails.
func (g *gate) replace(path string, env []string) begun {
	_ = g.own.mark("child")
	if err := g.own.keepAcrossExec(); err != nil {
		return begun{refused: refusedBy(path, err)}
	}
	return begun{refused: refusedBy(path, syscall.Exec(path, g.ownStep.Argv, env))}
}

// attend waits for the child's end, and stops it when required.
func (g *gate) attend(c *child, startMs int64) int {
	_ = g.own.mark("child")
	g.own.release(lockTurn)
	stop := g.whenToStop()
	var kill <-chan time.Time
	for {
		select {
		case code := <-c.ended:
			g.signals.gone()
			c.sweep()
			return g.finish(ran, code, startMs, nowMs())
		case <-stop:
			stop = nil
			g.signals.send(signalNamed(g.ownStep.StopSignal))
			kill = time.After(g.grace())
		case <-kill:
			g.signals.send(syscall.SIGKILL)
		}
	}
}

func (g *gate) grace() time.Duration {
	if g.ownStep.StopGraceMs == nil {
		return stopGrace
	}
	return time.Duration(*g.ownStep.StopGraceMs) * time.Millisecond
}
