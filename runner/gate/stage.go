package main

import (
	"encoding/json"
	"fmt"
	"os"
)

// protocolVersion is the only supported version of stage.json and step.json.
const protocolVersion = 1

// stage is /hangar/common/stage.json: the data that all steps of a Pod share.
type stage struct {
	Version      int               `json:"version"`
	Nonce        string            `json:"nonce"`
	Start        string            `json:"start"`
	BuildFailed  bool              `json:"buildFailed"`
	FailedSteps  []string          `json:"failedSteps"`
	KeepFailedMs int64             `json:"keepFailedMs"` // how long the container of a failed step stays; 0: not at all
	Parallelism  int               `json:"parallelism"`  // ordinary steps that run at once; 0: any number
	DroneEnv     map[string]string `json:"droneEnv"`
	Env          map[string]string `json:"env"`
	Steps        []plannedStep     `json:"steps"`
}

// plannedStep is the data of every step that all gates have: enough to decide, no secrets.
type plannedStep struct {
	N      int    `json:"n"`
	Name   string `json:"name"`
	Role   string `json:"role"`
	Engine string `json:"engine"`
	After  []int  `json:"after"`
	Runs   string `json:"runs"`
	Fails  string `json:"fails"`
}

func (s plannedStep) background() bool { return s.Role == "background" }
func (s plannedStep) swapped() bool    { return s.Engine == "swap" }

// ownStep is /hangar/own/step.json: the data that only this step may read.
type ownStep struct {
	Version     int               `json:"version"`
	N           int               `json:"n"`
	Argv        []string          `json:"argv"`
	Env         map[string]string `json:"env"`
	Unset       []string          `json:"unset"`
	PID1        bool              `json:"pid1"`
	StopSignal  string            `json:"stopSignal"`
	StopGraceMs *int64            `json:"stopGraceMs"`
	TimeoutMs   int64             `json:"timeoutMs"` // of one attempt; 0: none
	Retry       *retryPlan        `json:"retry"`
	Ready       *readyCheck       `json:"ready"`
}

func loadStage(path string) (stage, error) {
	var loaded stage
	if err := loadJSON(path, &loaded); err != nil {
		return stage{}, err
	}
	if loaded.Version != protocolVersion {
		return stage{}, fmt.Errorf("%s has version %d, this gate (%s) knows %d: runner and image hangar-gate must be of one release", path, loaded.Version, version, protocolVersion)
	}
	return loaded, nil
}

func loadStep(path string, n int) (ownStep, error) {
	var loaded ownStep
	if err := loadJSON(path, &loaded); err != nil {
		return ownStep{}, err
	}
	switch {
	case loaded.Version != protocolVersion:
		return ownStep{}, fmt.Errorf("%s has version %d, this gate (%s) knows %d: runner and image hangar-gate must be of one release", path, loaded.Version, version, protocolVersion)
	case loaded.N != n:
		return ownStep{}, fmt.Errorf("%s is of step %d, but the container runs step %d", path, loaded.N, n)
	case len(loaded.Argv) == 0 || loaded.Argv[0] == "":
		return ownStep{}, fmt.Errorf("%s names no command (argv is empty)", path)
	}
	if loaded.Ready != nil {
		if err := loaded.Ready.valid(); err != nil {
			return ownStep{}, fmt.Errorf("%s: %w", path, err)
		}
	}
	return loaded, nil
}

func loadJSON(path string, into any) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("cannot read its files: %w", err)
	}
	if err := json.Unmarshal(text, into); err != nil {
		return fmt.Errorf("cannot understand %s: %w", path, err)
	}
	return nil
}

func (s stage) find(n int) (plannedStep, bool) {
	for _, step := range s.Steps {
		if step.N == n {
			return step, true
		}
	}
	return plannedStep{}, false
}
