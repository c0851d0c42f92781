package main

import (
	"errors"
	"math"
	"os"
	"path/filepath"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

func TestRetryRepeats(t *testing.T) {
	listed := []int{1, 124}
	for name, c := range map[string]struct {
		codes []int
		last  outcome
		want  bool
	}{
		"a failure":                         {nil, outcome{word: ran, code: 1}, true},
		"a success":                         {nil, outcome{word: ran, code: 0}, false},
		"78 ends the pipeline":              {nil, outcome{word: ran, code: 78}, false},
		"78 in the list":                    {[]int{78}, outcome{word: ran, code: 78}, false},
		"a timeout":                         {nil, outcome{word: timedOut, code: 124}, true},
		"a timeout, with 124 in the list":   {listed, outcome{word: timedOut, code: 124}, true},
		"a timeout, with others in it":      {[]int{1}, outcome{word: timedOut, code: 124}, false},
		"a listed code":                     {listed, outcome{word: ran, code: 1}, true},
		"another code":                      {listed, outcome{word: ran, code: 2}, false},
		"any code if the list has none":     {[]int{}, outcome{word: ran, code: 1}, false},
		"0 in the list is no failure still": {[]int{0}, outcome{word: ran, code: 0}, false},
	} {
		t.Run(name, func(t *testing.T) {
			if got := (retryPlan{ExitCodes: c.codes}).repeats(c.last); got != c.want {
				t.Errorf("got %v", got)
			}
		})
	}
}

func TestPauseAfterAnAttempt(t *testing.T) {
	for _, c := range []struct {
		backoffMs int64
		n         int
		want      time.Duration
	}{
		{1000, 1, time.Second},
		{1000, 2, 2 * time.Second},
		{1000, 6, 32 * time.Second},
		{1000, 7, time.Minute},
		{1000, 9, time.Minute},
		{90_000, 1, time.Minute},
		{0, 9, 0},
		{-5, 2, 0},
		{math.MaxInt64, 9, time.Minute},
	} {
		if got := (retryPlan{BackoffMs: c.backoffMs}).pauseAfter(c.n); got != c.want {
			t.Errorf("%d ms after attempt %d: got %s, want %s", c.backoffMs, c.n, got, c.want)
		}
	}
}

func TestSpan(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0:                       "0s",
		250 * time.Millisecond:  "250ms",
		1500 * time.Millisecond: "1s500ms",
		10 * time.Second:        "10s",
		10 * time.Minute:        "10m",
		90 * time.Minute:        "1h30m",
		time.Hour:               "1h",
		10 * time.Hour:          "10h",
		time.Hour + time.Second: "1h1s",
		36 * time.Hour:          "1d12h",
		-time.Second:            "0s",
	} {
		if got := span(d); got != want {
			t.Errorf("%d: got %s, want %s", d, got, want)
		}
	}
}

// A process can have one reaper only: it reaps all children.
var (
	onlyReaper = newReaper(func(pid int) { reaped.Load().(func(int))(pid) })
	reaped     atomic.Value
)

func reaping(ending func(pid int)) *reaper {
	reaped.Store(ending)
	return onlyReaper
}

// serving returns signals as of a gate that handles them, without signals of this process.
func serving() *signals {
	return &signals{stopSet: map[syscall.Signal]bool{syscall.SIGTERM: true}, stopped: make(chan struct{}), onStop: func() {}}
}

// launched starts a program as a gate does.
func launched(t *testing.T, s *signals, r *reaper, script string) *child {
	t.Helper()
	var c *child
	s.launch(func() int {
		var err error
		if c, err = r.start("/bin/sh", []string{"sh", "-c", script}, os.Environ(), []uintptr{0, 1, 2}); err != nil {
			t.Fatal(err)
		}
		return c.pid
	})
	t.Cleanup(func() { c.killGroup(); <-c.over })
	return c
}

func TestAChildIsEndedUnlessItHasEndedOrAStopCameFirst(t *testing.T) {
	t.Run("a child that runs", func(t *testing.T) {
		s := serving()
		r := reaping(s.gone)
		c := launched(t, s, r, "exec sleep 1000")
		s.gone(c.pid + 1)
		if !s.end(syscall.SIGTERM) {
			t.Error("a child that runs got no signal")
		}
		if <-c.over; c.code != 128+15 {
			t.Errorf("code %d", c.code)
		}
	})
	t.Run("a child that has ended", func(t *testing.T) {
		s := serving()
		r := reaping(s.gone)
		c := launched(t, s, r, "exit 3")
		if <-c.over; c.code != 3 || s.end(syscall.SIGTERM) {
			t.Errorf("code %d, and a process that has ended got a signal", c.code)
		}
	})
	t.Run("a stop came first", func(t *testing.T) {
		s := serving()
		r := reaping(s.gone)
		c := launched(t, s, r, "trap '' TERM; sleep 1000")
		s.handle(syscall.SIGTERM)
		if s.end(syscall.SIGKILL) || isClosed(c.over) {
			t.Error("the stop was followed by the signal of the timeout")
		}
		if s.launch(func() int { t.Error("started after a stop"); return 0 }) {
			t.Error("launched after a stop")
		}
	})
}

// In the instant of its timeout, a program that has ended was not stopped: neither select nor the timer decides that.
func TestAProgramThatEndsWithItsTimeoutHasItsOwnCode(t *testing.T) {
	s := serving()
	r := reaping(s.gone)
	for range 50 {
		c := launched(t, s, r, "exit 3")
		<-c.over
		a := &attempts{gate: &gate{signals: s, reaper: r}, shown: true}
		if word, _ := a.attend(c, nil, passed(timedOut)); word != ran || c.code != 3 {
			t.Fatalf("word %s, code %d", word, c.code)
		}
	}
	c := launched(t, s, r, "exec sleep 1000")
	a := &attempts{gate: &gate{signals: s, reaper: r}, shown: true}
	if word, _ := a.attend(c, nil, passed(timedOut)); word != timedOut {
		t.Errorf("a program that still ran: word %s", word)
	}
}

// passed is a limit that has passed.
func passed(word decision) limit {
	at := make(chan time.Time, 1)
	at <- time.Now()
	return limit{word, at}
}

func TestAStopThatComesWithTheTimeoutIsAStop(t *testing.T) {
	for range 20 {
		s := serving()
		r := reaping(s.gone)
		c := launched(t, s, r, "exec sleep 1000")
		s.handle(syscall.SIGTERM)
		a := &attempts{gate: &gate{signals: s, reaper: r}, shown: true}
		if word, _ := a.attend(c, nil, passed(timedOut)); word != ran || c.code != 128+15 {
			t.Fatalf("word %s, code %d", word, c.code)
		}
	}
	for range 20 {
		s := serving()
		r := reaping(s.gone)
		c := launched(t, s, r, "exec sleep 1000")
		stop := make(chan struct{})
		close(stop)
		a := &attempts{gate: &gate{signals: s, reaper: r}, shown: true, stop: stop}
		if word, _ := a.attend(c, nil, passed(timedOut)); word != ran {
			t.Fatalf("word %s of a step that is stopped for the sake of others", word)
		}
	}
}

func TestAReaperKnowsTheCodesOfAllItsChildren(t *testing.T) {
	r := reaping(func(int) {})
	children := []*child{}
	for code := range 20 {
		c, err := r.start("/bin/sh", []string{"sh", "-c", "exit $CODE"}, []string{"CODE=" + string(rune('0'+code%10))}, []uintptr{0, 1, 2})
		if err != nil {
			t.Fatal(err)
		}
		children = append(children, c)
	}
	if _, err := r.start("/no/such/program", []string{"x"}, nil, []uintptr{0, 1, 2}); err != syscall.ENOENT {
		t.Errorf("a program that is missing: %v", err)
	}
	for at, c := range children {
		if <-c.over; c.code != at%10 {
			t.Errorf("child %d: code %d", at, c.code)
		}
	}
}

func TestAwaitGone(t *testing.T) {
	left, kills := 3, 0
	kill := func() { kills++; left-- }
	if !awaitGone(kill, func() bool { return left > 0 }, time.Minute) || kills != 3 {
		t.Errorf("killed %d times", kills)
	}
	if awaitGone(func() {}, func() bool { return true }, 0) {
		t.Error("processes that remain are reported as gone")
	}
}

func TestChildrenOf(t *testing.T) {
	for stat, want := range map[string]int{
		"7 (sh) S 3 7 7 0":          3,
		"7 (a) S 9 b) c) R 4 7 7 0": 4,
		"7 (sh)":                    0,
		"":                          0,
		"7 (sh) S x 7":              0,
	} {
		if got := parentIn(stat); got != want {
			t.Errorf("%q: got %d, want %d", stat, got, want)
		}
	}
	r := reaping(func(int) {})
	c, err := r.start("/bin/sleep", []string{"sleep", "1000"}, nil, []uintptr{0, 1, 2})
	if err != nil {
		t.Fatal(err)
	}
	defer c.killGroup()
	for _, pid := range childrenOf(os.Getpid()) {
		if pid == c.pid {
			return
		}
	}
	t.Error("the child is not listed")
}

func TestHalted(t *testing.T) {
	steps := []plannedStep{{N: 1}, {N: 2, Fails: "fast"}, {N: 3, Role: "background"}}
	for name, c := range map[string]struct {
		n       int
		two     string // the exit line of step 2
		another string // a file of step 1
		want    bool
	}{
		"nothing has happened":                     {1, "", "child", false},
		"a step whose failures are fast succeeded": {1, "ran 0 1 2", "child", false},
		"it failed, before the watch has seen it":  {1, "ran 1 1 2", "child", true},
		"it failed: its own failure is none":       {2, "ran 1 1 2", "child", false},
		"it failed: a background step goes on":     {3, "ran 1 1 2", "child", false},
		"the gate of another step is stopping":     {3, "", "stopping", true},
	} {
		t.Run(name, func(t *testing.T) {
			p := placesUnder(t.TempDir())
			for path, text := range map[string]string{p.state(2, "exit"): c.two, p.state(1, c.another): ""} {
				if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, []byte(text), 0o644)); err != nil {
					t.Fatal(err)
				}
			}
			s := stage{Steps: steps}
			step, _ := s.find(c.n)
			g := &gate{n: c.n, stage: s, step: step, peers: peers{p, steps}, signals: serving()}
			if got := (&attempts{gate: g}).halted(); got != c.want {
				t.Errorf("got %v", got)
			}
		})
	}
}
