package main

import (
	"encoding/json"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
)

type decisionCase struct {
	Name    string            `json:"name"`
	Steps   []plannedStep     `json:"steps"`
	Results map[string]string `json:"results"`
	Step    int               `json:"step"`
	Want    decision          `json:"want"`
	Failed  []string          `json:"failed"`
}

// The table is shared with runner/src/pipeline/step-decision.test.ts.
func TestDecideByTheTable(t *testing.T) {
	text, err := os.ReadFile("decisions.json")
	if err != nil {
		t.Fatal(err)
	}
	var table struct {
		Cases []decisionCase `json:"cases"`
	}
	if err := json.Unmarshal(text, &table); err != nil {
		t.Fatal(err)
	}
	for _, c := range table.Cases {
		t.Run(c.Name, func(t *testing.T) {
			results := resultsOf(t, c.Results)
			step, known := (stage{Steps: c.Steps}).find(c.Step)
			if !known {
				t.Fatalf("the case has no step %d", c.Step)
			}
			if got := decide(step, results, c.Steps); got != c.Want {
				t.Errorf("decide: %s, want %s", got, c.Want)
			}
			if got := failedSteps(results, c.Steps); !slices.Equal(got, c.Failed) {
				t.Errorf("failed steps: %v, want %v", got, c.Failed)
			}
		})
	}
}

func resultsOf(t *testing.T, texts map[string]string) map[int]result {
	results := map[int]result{}
	for key, text := range texts {
		n, err := strconv.Atoi(key)
		if err != nil {
			t.Fatal(err)
		}
		results[n] = resultOf(t, text)
	}
	return results
}

func resultOf(t *testing.T, text string) result {
	state, rest, _ := strings.Cut(text, ", ")
	known := result{}
	switch state {
	case "waiting":
	case "running":
		known.phase = running
	default:
		ok := false
		if known, ok = parseExit(state + " 0 0"); !ok {
			t.Fatalf("no result: %q", text)
		}
	}
	known.stopping = rest == "stopping"
	return known
}
