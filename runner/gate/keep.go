package main

import "time"

// keep holds the container of a failed step after its end was published, so that people can open a shell in it. Only its
// life lock is released: for the other steps, it has ended. A stop signal ends it, as when its Pod is removed.
func (a *attempts) keep(last outcome) {
	end := result{phase: ended, decision: last.word, code: last.code}
	if a.stage.KeepFailedMs <= 0 || a.step.background() || !counts(a.step, end) || a.halted() {
		return
	}
	// Without it, a shell gets the values of its own start.
	_ = publishKept(a.places, a.env)
	a.own.release(lockLife)
	select {
	case <-a.signals.stopped:
	case <-time.After(milliseconds(a.stage.KeepFailedMs)):
	}
}
