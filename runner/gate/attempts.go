package main

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

const (
	// codeTimedOut is the exit code of timeout(1) for a program that it has stopped.
	codeTimedOut = 124
	// backoffMost is the longest pause between two attempts.
	backoffMost = time.Minute
	attemptKey  = "HANGAR_STEP_ATTEMPT"
)

// retryPlan is `retry` of step.json: when a failed step runs again.
type retryPlan struct {
	Attempts  int   `json:"attempts"`
	ExitCodes []int `json:"exitCodes"` // nil: every failure
	BackoffMs int64 `json:"backoffMs"`
}

// repeats reports whether another attempt may follow an end.
func (r retryPlan) repeats(last outcome) bool {
	if !failed(result{phase: ended, decision: last.word, code: last.code}) {
		return false
	}
	return r.ExitCodes == nil || slices.Contains(r.ExitCodes, last.code)
}

// pauseAfter is the time between the n-th attempt and the next one.
func (r retryPlan) pauseAfter(n int) time.Duration {
	pause := milliseconds(r.BackoffMs)
	for ; n > 1 && pause < backoffMost; n-- {
		pause *= 2
	}
	return min(max(pause, 0), backoffMost)
}

// outcome is the end of one attempt.
type outcome struct {
	word  decision
	code  int
	endMs int64
}

// attempts runs a step's program: once, or again after failures if step.json has `retry`.
type attempts struct {
	*gate
	env     map[string]string
	stop    <-chan struct{} // closed when the child must be stopped for the sake of other steps
	startMs int64           // start of the first attempt; 0: nothing was started
	shown   bool            // others know that the child was started
}

// runChild runs the step's program, with the status values of this moment, also for later attempts.
func (g *gate) runChild(results map[int]result) int {
	env, err := g.environment(results)
	if err != nil {
		return g.failed(err)
	}
	return (&attempts{gate: g, env: env, stop: g.whenToStop()}).runAll()
}

// runAll returns the exit code of the last attempt.
func (a *attempts) runAll() int {
	last := outcome{}
	for n := 1; ; n++ {
		started, launched := a.launch(n)
		switch {
		case !launched && n == 1:
			return a.skip(stopping)
		case !launched:
			return a.conclude(last)
		}
		last = a.outcomeOf(started)
		if !a.pauses(n, last, started.child) {
			return a.conclude(last)
		}
	}
}

func (a *attempts) conclude(last outcome) int {
	code := a.finish(last.word, last.code, a.startMs, last.endMs)
	if code == last.code {
		a.keep(last)
	}
	return code
}

// launch starts the program unless a stop was received first.
func (a *attempts) launch(n int) (started begun, launched bool) {
	path, refused := lookUp(a.ownStep.Argv[0], a.env)
	if a.ownStep.Retry != nil {
		a.env[attemptKey] = strconv.Itoa(n)
	}
	a.signals.launch(func() int {
		if a.peers.anyStopping(a.peers.all()) || n > 1 && a.halted() {
			return 0
		}
		launched = true
		if n == 1 {
			a.startMs = nowMs()
			a.marks.start(a.startMs)
		}
		started = a.begin(path, refused, environmentList(a.env))
		if started.child == nil {
			return 0
		}
		return started.child.pid
	})
	return started, launched
}

func (g *gate) begin(path string, refused *refusal, env []string) begun {
	if refused != nil {
		return begun{refused: refused}
	}
	if g.ownStep.PID1 {
		return g.replace(path, env)
	}
	c, err := g.reaper.start(path, g.ownStep.Argv, env, []uintptr{0, 1, 2})
	if err != nil {
		return begun{refused: refusedBy(path, err)}
	}
	return begun{child: c}
}

// replace executes the program in place of the gate; it returns only if that fails.
func (g *gate) replace(path string, env []string) begun {
	_ = g.own.mark("child")
	if err := g.own.keepAcrossExec(); err != nil {
		return begun{refused: refusedBy(path, err)}
	}
	return begun{refused: refusedBy(path, syscall.Exec(path, g.ownStep.Argv, env))}
}

// outcomeOf waits for the end of an attempt and reports in the log why it ended, if that was not the program's own doing.
func (a *attempts) outcomeOf(started begun) outcome {
	check := a.readyCheck()
	if started.refused != nil {
		write(stderr, "hangar: cannot run "+started.refused.text+"\n")
		word, code := a.wordOf(ran, started.refused.code, check != nil)
		return outcome{word, code, nowMs()}
	}
	c := started.child
	word, isReady := a.attend(c, check, a.limit(check))
	endMs := nowMs()
	c.sweep()
	unreadyNow := check != nil && !isReady
	text := a.lateText(word, c.code, unreadyNow)
	word, code := a.wordOf(word, c.code, unreadyNow)
	if word != ran {
		write(stderr, "hangar: "+text+"\n")
	}
	return outcome{word, code, endMs}
}

// wordOf converts the end of a program to a word and an exit code. A service that is stopped before it is ready has not failed.
func (a *attempts) wordOf(late decision, code int, isUnready bool) (decision, int) {
	switch {
	case late != ran:
		return late, codeTimedOut
	case !isUnready || a.halted():
		return ran, code
	}
	return unready, max(code, 1)
}

func (a *attempts) lateText(late decision, code int, isUnready bool) string {
	switch {
	case late == timedOut:
		return fmt.Sprintf("the step exceeded its timeout of %s, and was stopped", span(milliseconds(a.ownStep.TimeoutMs)))
	case late == unready:
		return fmt.Sprintf("the service was not ready within %s", span(milliseconds(a.ownStep.Ready.TimeoutMs)))
	}
	return fmt.Sprintf("the service ended with exit code %d before it was ready", code)
}

// attend waits for the child's end, and stops it when required. The word is `timed-out` or `unready` if its time was over.
func (a *attempts) attend(c *child, check *readyCheck, l limit) (word decision, isReady bool) {
	readiness := a.startProbing(check)
	defer readiness.close()
	if check == nil {
		a.othersMayGoOn()
	}
	word = ran
	ready, stop, stopped := readiness.ready, a.stop, (<-chan struct{})(a.signals.stopped)
	var kill <-chan time.Time
	for {
		select {
		case <-c.over:
			return word, isReady || a.becomesReady(ready)
		case <-ready:
			isReady = a.becomesReady(ready)
			ready, l.passed = nil, nil
		case <-stop:
			stop, l.passed = nil, nil
			readiness.close()
			if kill == nil {
				a.signals.send(a.stopSignal())
				kill = time.After(a.grace())
			}
		case <-stopped:
			stopped, l.passed = nil, nil
			readiness.close()
		case <-l.passed:
			l.passed = nil
			if !isClosed(ready) && !isClosed(a.stop) && a.signals.end(a.stopSignal()) {
				word, ready = l.word, nil
				readiness.close()
				kill = time.After(a.grace())
			}
		case <-kill:
			a.signals.send(syscall.SIGKILL)
		}
	}
}

// limit is the time after which a child is stopped, with the word for that.
type limit struct {
	word   decision
	passed <-chan time.Time
}

func (a *attempts) limit(check *readyCheck) limit {
	switch {
	case check != nil:
		return limit{unready, time.After(milliseconds(check.TimeoutMs))}
	case a.ownStep.TimeoutMs > 0:
		return limit{timedOut, time.After(milliseconds(a.ownStep.TimeoutMs))}
	}
	return limit{}
}

// othersMayGoOn shows the dependants of a service or detached step that it was started.
func (a *attempts) othersMayGoOn() {
	if a.shown {
		return
	}
	a.shown = true
	_ = a.own.mark("child")
	a.own.release(lockTurn)
}

func (a *attempts) becomesReady(ready <-chan struct{}) bool {
	if !isClosed(ready) {
		return false
	}
	a.othersMayGoOn()
	a.marks.ready(nowMs())
	return true
}

// pauses reports whether another attempt follows the n-th, and returns when it is due.
func (a *attempts) pauses(n int, last outcome, c *child) bool {
	retry := a.ownStep.Retry
	if retry == nil || a.readyCheck() != nil || n >= retry.Attempts || !retry.repeats(last) || a.halted() {
		return false
	}
	if c != nil && !c.endLeftovers() {
		write(stderr, fmt.Sprintf("hangar: the step is not repeated: processes of its attempt %d cannot be killed\n", n))
		return false
	}
	pause := retry.pauseAfter(n)
	write(stderr, fmt.Sprintf("hangar: attempt %d of %d failed with exit code %d; the next one starts in %s\n", n, retry.Attempts, last.code, span(pause)))
	return a.pause(pause)
}

// pause waits for a time; false if a stop ends it.
func (a *attempts) pause(d time.Duration) bool {
	over := time.NewTimer(d)
	defer over.Stop()
	tick := time.NewTicker(lookAround)
	defer tick.Stop()
	for {
		select {
		case <-a.signals.stopped:
			return false
		case <-a.stop:
			return false
		case <-over.C:
			return true
		case <-tick.C:
			if a.halted() {
				return false
			}
		}
	}
}

// halted reports whether the step is being stopped: by a signal, with its Pod, or for the sake of other steps.
func (a *attempts) halted() bool {
	if isClosed(a.signals.stopped) || isClosed(a.stop) || !a.step.background() && a.fastFailed() {
		return true
	}
	return a.peers.anyStopping(a.peers.all())
}

func (g *gate) stopSignal() syscall.Signal { return signalNamed(g.ownStep.StopSignal) }

func (g *gate) grace() time.Duration {
	if g.ownStep.StopGraceMs == nil {
		return stopGrace
	}
	return milliseconds(*g.ownStep.StopGraceMs)
}

func milliseconds(ms int64) time.Duration {
	return time.Duration(min(ms, math.MaxInt64/int64(time.Millisecond))) * time.Millisecond
}

func isClosed(done <-chan struct{}) bool {
	select {
	case <-done:
		return true
	default:
		return false
	}
}

// span is a duration as an author writes it, as formatSpan of shared/src/span.ts does: 10m, 1h30m, 1s500ms.
func span(d time.Duration) string {
	left := max(d.Milliseconds(), 0)
	var text strings.Builder
	for _, unit := range []struct {
		name string
		ms   int64
	}{{"d", 86_400_000}, {"h", 3_600_000}, {"m", 60_000}, {"s", 1000}, {"ms", 1}} {
		if count := left / unit.ms; count > 0 {
			fmt.Fprintf(&text, "%d%s", count, unit.name)
		}
		left %= unit.ms
	}
	if text.Len() == 0 {
		return "0s"
	}
	return text.String()
}
