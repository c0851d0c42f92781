package main

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestExitLine(t *testing.T) {
	for name, c := range map[string]struct {
		line string
		want result
		ok   bool
	}{
		"a step that ran":              {"ran 3 1768383006123 1768383009456\n", result{phase: ended, decision: ran, code: 3}, true},
		"a skipped step":               {"failed-before 0 5 5", result{phase: ended, decision: failedBefore}, true},
		"a step that timed out":        {"timed-out 124 5 9", result{phase: ended, decision: timedOut, code: 124}, true},
		"a service that was not ready": {"unready 1 5 9", result{phase: ended, decision: unready, code: 1}, true},
		"a swapped step that runs":     {"running 0 5 0", result{phase: running}, true},
		"an empty annotation":          {"", result{}, false},
		"a word nobody knows":          {"maybe 0 5 5", result{}, false},
		"wait is no result":            {"wait 0 5 5", result{}, false},
		"a code beyond a byte":         {"ran 256 5 5", result{}, false},
		"a negative code":              {"ran -1 5 5", result{}, false},
		"a code that is no number":     {"ran x 5 5", result{}, false},
		"a line that was cut":          {"ran 0 17683", result{}, false},
		"a line with something behind": {"ran 0 5 5 5", result{}, false},
	} {
		t.Run(name, func(t *testing.T) {
			got, ok := parseExit(c.line)
			if got != c.want || ok != c.ok {
				t.Errorf("got %v %v, want %v %v", got, ok, c.want, c.ok)
			}
		})
	}
}

func TestExitLineStaysWithinSixtyBytes(t *testing.T) {
	const farFuture = 99_999_999_999_999
	for _, word := range []decision{ran, timedOut, unready, failedBefore, passedBefore, fast, endedEarly, stopping} {
		line := exitLine(word, 255, farFuture, farFuture)
		if len(line) > 60 {
			t.Errorf("%q has %d bytes", line, len(line))
		}
		if known, ok := parseExit(line); !ok || known.decision != word || known.code != 255 {
			t.Errorf("%q is not understood: %v", line, known)
		}
	}
}

func TestEnvironmentLayers(t *testing.T) {
	s := stage{Env: map[string]string{"B": "stage", "C": "stage", "D": "stage", "U": "stage"}}
	step := ownStep{Env: map[string]string{"C": "step", "DRONE_STAGE_STATUS": "author"}, Unset: []string{"U", "V", "C"}}
	known := map[string]string{"DRONE_STAGE_STATUS": "gate", "D": "gate"}

	got := childEnvironment([]string{"A=image", "B=image", "V=image", "EMPTY=", "odd"}, s, step, known)

	want := map[string]string{"A": "image", "B": "stage", "C": "step", "D": "gate", "EMPTY": "", "DRONE_STAGE_STATUS": "author"}
	if strings.Join(environmentList(got), "|") != strings.Join(environmentList(want), "|") {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestEnvironmentListLeavesOutWhatExecveRefuses(t *testing.T) {
	got := environmentList(map[string]string{"A": "1", "": "2", "B=C": "3", "D": "x\x00y", "E": "a=b\n$(F)"})

	if strings.Join(got, "|") != "A=1|E=a=b\n$(F)" {
		t.Errorf("got %q", got)
	}
}

func TestStatusValues(t *testing.T) {
	now := time.Unix(1768383006, 5)
	for name, c := range map[string]struct {
		stage        stage
		failed       []string
		build, stays string
		names        string
	}{
		"all is well":                           {stage{}, nil, "success", "success", ""},
		"a step failed":                         {stage{}, []string{"a", "b"}, "failure", "failure", "a,b"},
		"an earlier stage of the build failed":  {stage{BuildFailed: true}, nil, "failure", "success", ""},
		"names that the runner knew come first": {stage{FailedSteps: []string{"x"}}, []string{"a"}, "failure", "failure", "x,a"},
	} {
		t.Run(name, func(t *testing.T) {
			got := gateValues(c.stage, 4, c.failed, statusValues(c.stage, c.failed, now))
			names, set := got["DRONE_FAILED_STEPS"]
			if got["DRONE_BUILD_STATUS"] != c.build || got["DRONE_STAGE_STATUS"] != c.stays || names != c.names || set != (c.names != "") {
				t.Errorf("got %v", got)
			}
			if got["DRONE_STEP_NUMBER"] != "4" || got["DRONE_STAGE_FINISHED"] != "1768383006" || got["DRONE_BUILD_FINISHED"] != "1768383006" {
				t.Errorf("got %v", got)
			}
		})
	}
}

func TestEnvFileIsOneQuotedLineAKey(t *testing.T) {
	got := envFile(
		map[string]string{"io.drone": "true", "bad key": "x", "a/b": "x", "a=b": "x", "io.drone.note": "two\nlines \"quoted\" \\ ü"},
		map[string]string{"DRONE_BUILD_STATUS": "success"},
	)

	want := "DRONE_BUILD_STATUS=\"success\"\nio.drone=\"true\"\nio.drone.note=\"two\\nlines \\\"quoted\\\" \\\\ ü\"\n"
	if got != want {
		t.Errorf("got %s\nwant %s", got, want)
	}
}

func TestLookUp(t *testing.T) {
	one, two := t.TempDir(), t.TempDir()
	put := func(folder, name string, mode os.FileMode) {
		if err := os.WriteFile(filepath.Join(folder, name), []byte("x"), mode); err != nil {
			t.Fatal(err)
		}
	}
	put(one, "plain", 0o644)
	put(one, "both", 0o644)
	put(two, "both", 0o755)
	put(two, "tool", 0o755)
	if err := os.Mkdir(filepath.Join(one, "tool"), 0o755); err != nil {
		t.Fatal(err)
	}
	env := map[string]string{"PATH": one + ":" + two}
	for name, c := range map[string]struct {
		command, want string
		code          int
	}{
		"found in a later folder, over a directory of that name": {"tool", two + "/tool", 0},
		"a file that isn't executable is passed over":            {"both", two + "/both", 0},
		"only one that isn't executable":                         {"plain", "", codeNotExecutable},
		"not there":                                              {"absent", "", codeNotFound},
		"a path is taken as it is":                               {"./absent", "./absent", 0},
	} {
		t.Run(name, func(t *testing.T) {
			got, refused := lookUp(c.command, env)
			if got != c.want || (refused == nil) != (c.code == 0) || refused != nil && refused.code != c.code {
				t.Errorf("got %q %v", got, refused)
			}
		})
	}
	if got, refused := lookUp("sh", map[string]string{}); refused != nil || !strings.HasSuffix(got, "/sh") {
		t.Errorf("without PATH the usual folders are searched: got %q %v", got, refused)
	}
}

func TestSignalNamed(t *testing.T) {
	for name, want := range map[string]syscall.Signal{
		"SIGTERM": syscall.SIGTERM, "TERM": syscall.SIGTERM, "sigint": syscall.SIGINT, "3": syscall.SIGQUIT,
		"SIGWINCH": syscall.SIGWINCH, "SIGRTMIN+3": 37, "RTMIN": 34, "SIGRTMAX-1": 63,
		"": syscall.SIGTERM, "SIGNONE": syscall.SIGTERM, "99": syscall.SIGTERM, "SIGRTMIN+99": syscall.SIGTERM,
	} {
		if got := signalNamed(name); got != want {
			t.Errorf("%q: got %d, want %d", name, got, want)
		}
	}
}

func TestSlowStartHold(t *testing.T) {
	for took, want := range map[time.Duration]time.Duration{
		-time.Second:            0,
		2 * time.Second:         0,
		2400 * time.Millisecond: 600 * time.Millisecond,
		4 * time.Second:         time.Second,
		time.Minute:             time.Second,
	} {
		if got := slowStartHold(took); got != want {
			t.Errorf("%s: got %s, want %s", took, got, want)
		}
	}
}

func TestBarrierChain(t *testing.T) {
	s := stage{Start: "barrier", Steps: []plannedStep{
		{N: 1, Name: "clone"}, {N: 2}, {N: 3, Engine: "swap"}, {N: 4, Name: "clone"}, {N: 5},
	}}
	earlier, later := around(chain(s), 4)
	if len(chain(s)) != 3 || len(earlier) != 1 || earlier[0] != 2 || len(later) != 1 || later[0] != 5 {
		t.Errorf("chain %v, earlier %v, later %v", chain(s), earlier, later)
	}
	s.Steps[0].Name = "build"
	if got := chain(s); len(got) != 4 {
		t.Errorf("a first step of another name waits as well: %v", got)
	}
	s.Start = "eager"
	if got := chain(s); len(got) != 0 {
		t.Errorf("eager has no barrier: %v", got)
	}
}

func TestReadSmallDoesNotHangOnAPipe(t *testing.T) {
	path := filepath.Join(t.TempDir(), "exit")
	if err := syscall.Mkfifo(path, 0o666); err != nil {
		t.Fatal(err)
	}
	if _, err := readSmall(path, exitLimit); err == nil {
		t.Error("a pipe was read as an exit file")
	}
}
