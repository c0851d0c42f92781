package main

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// keptLimit is more than the values of a step with hundreds of failed ones before it.
const keptLimit = 1 << 20

// keptValues are the variables that the gate sets, and whose values depend on when the step began.
var keptValues = []string{
	"DRONE_BUILD_STATUS", "DRONE_BUILD_FINISHED", "DRONE_STAGE_STATUS", "DRONE_STAGE_FINISHED",
	"DRONE_STEP_NUMBER", "DRONE_FAILED_STEPS", attemptKey,
}

func (p places) kept() string { return filepath.Join(p.drone, "kept.json") }

// publishKept leaves those values for shells in the container: steps have ended since.
func publishKept(p places, env map[string]string) error {
	text, err := json.Marshal(onlyKept(env))
	if err != nil {
		return err
	}
	return publish(p.kept(), string(text))
}

func onlyKept(env map[string]string) map[string]string {
	values := map[string]string{}
	for _, key := range keptValues {
		if value, set := env[key]; set {
			values[key] = value
		}
	}
	return values
}

// shell becomes a program, by default a shell, in the environment of the container's step. People start it with `kubectl exec`, so it
// writes nothing that another gate or the runner reads.
func shell(p places, container, argv []string) int {
	if len(argv) == 0 {
		argv = []string{"sh"}
	}
	env, err := shellEnvironment(p, container)
	if err != nil {
		write(stderr, "hangar gate: not in the container of a step: "+strings.TrimSpace(err.Error())+"\n")
		return codeOwnFailure
	}
	path, refused := lookUp(argv[0], env)
	if refused == nil {
		refused = refusedBy(path, syscall.Exec(path, argv, environmentList(env)))
	}
	write(stderr, "hangar: cannot run "+refused.text+"\n")
	return refused.code
}

func shellEnvironment(p places, container []string) (map[string]string, error) {
	s, err := loadStage(p.stage)
	if err != nil {
		return nil, err
	}
	var numbered struct {
		N int `json:"n"`
	}
	if err := loadJSON(p.step, &numbered); err != nil {
		return nil, err
	}
	step, err := loadStep(p.step, numbered.N)
	if err != nil {
		return nil, err
	}
	return childEnvironment(container, s, step, shellValues(p, s, numbered.N)), nil
}

// shellValues are those of the kept step, else those that a step would get now.
func shellValues(p places, s stage, n int) map[string]string {
	var kept map[string]string
	if text, err := readSmall(p.kept(), keptLimit); err == nil && json.Unmarshal([]byte(text), &kept) == nil {
		return onlyKept(kept)
	}
	results := map[int]result{}
	for _, step := range s.Steps {
		if known, ok := (peers{places: p}).exit(step.N); ok && step.N != n {
			results[step.N] = known
		}
	}
	failing := failedSteps(results, s.Steps)
	return gateValues(s, n, failing, statusValues(s, failing, time.Now()))
}
