package main

// decision states whether a step waits, runs, or why it is skipped. The TypeScript implementation is
// runner/src/pipeline/step-decision.ts; decisions.json tests both with one table.
type decision string

const (
	wait         decision = "wait"
	run          decision = "run"
	ran          decision = "ran"
	timedOut     decision = "timed-out"
	unready      decision = "unready"
	failedBefore decision = "failed-before"
	passedBefore decision = "passed-before"
	fast         decision = "fast"
	endedEarly   decision = "ended-early"
	stopping     decision = "stopping"
)

// codeEndEarly is the exit code by which a step ends the pipeline as a success.
const codeEndEarly = 78

func (d decision) skips() bool {
	switch d {
	case failedBefore, passedBefore, fast, endedEarly, stopping:
		return true
	}
	return false
}

// runs reports whether the word is that of a program that was started.
func (d decision) runs() bool { return d == ran || d == timedOut || d == unready }

// decide returns what to do with a step, from the results of all steps of the stage.
//
// Reasons that skip everything (stopping, fast, ended-early) apply at once; the others only after the dependencies, so
// that no dependant of a skipped step starts before that step's own dependencies have ended.
func decide(step plannedStep, results map[int]result, steps []plannedStep) decision {
	if word := skipsAll(results, steps); word != "" {
		return word
	}
	if !dependenciesDone(step, results, steps) {
		return wait
	}
	failing := len(failedSteps(results, steps)) > 0
	switch {
	case step.Runs == "on-success" && failing:
		return failedBefore
	case step.Runs == "on-failure" && !failing:
		return passedBefore
	}
	return run
}

func skipsAll(results map[int]result, steps []plannedStep) decision {
	for _, known := range results {
		if known.stopping || known.phase == ended && known.decision == stopping {
			return stopping
		}
	}
	word := decision("")
	for _, step := range steps {
		known := results[step.N]
		switch {
		case step.background() || known.phase != ended:
		case step.Fails == "fast" && failed(known):
			return fast
		case known.decision == ran && known.code == codeEndEarly:
			word = endedEarly
		}
	}
	return word
}

func dependenciesDone(step plannedStep, results map[int]result, steps []plannedStep) bool {
	for _, n := range step.After {
		for _, dependency := range steps {
			if dependency.N == n && !done(dependency, results[n]) {
				return false
			}
		}
	}
	return true
}

// done: a service or detached step counts from its start, any other step from its end.
func done(step plannedStep, known result) bool {
	return known.phase == ended || step.background() && known.phase == running
}

// failed reports whether a step failed; 78 is a success that ends the pipeline.
func failed(known result) bool {
	if known.phase != ended {
		return false
	}
	return known.decision.runs() && (known.decision != ran || known.code != 0 && known.code != codeEndEarly)
}

// counts reports whether a step's failure counts: in the background, only that of a service that was not ready.
func counts(step plannedStep, known result) bool {
	return failed(known) && step.Fails != "ignore" && (!step.background() || known.decision == unready)
}

// failedSteps names the steps whose failure counts.
func failedSteps(results map[int]result, steps []plannedStep) []string {
	names := []string{}
	for _, step := range steps {
		if counts(step, results[step.N]) {
			names = append(names, step.Name)
		}
	}
	return names
}
