package main

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestReadyCheckIsValid(t *testing.T) {
	http := func(port int, path string) *httpCheck { return &httpCheck{Port: port, Path: path} }
	for name, c := range map[string]struct {
		check readyCheck
		ok    bool
	}{
		"tcp":                  {readyCheck{TCP: 65535, TimeoutMs: 1}, true},
		"http":                 {readyCheck{HTTP: http(80, "/a?b=c"), TimeoutMs: 1}, true},
		"exec":                 {readyCheck{Exec: []string{"true"}, TimeoutMs: 1}, true},
		"none":                 {readyCheck{TimeoutMs: 1}, false},
		"an empty exec":        {readyCheck{Exec: []string{}, TimeoutMs: 1}, false},
		"two":                  {readyCheck{TCP: 1, HTTP: http(80, "/"), TimeoutMs: 1}, false},
		"a negative port":      {readyCheck{TCP: -1, TimeoutMs: 1}, false},
		"a port beyond":        {readyCheck{HTTP: http(65536, "/"), TimeoutMs: 1}, false},
		"a path without slash": {readyCheck{HTTP: http(80, "a"), TimeoutMs: 1}, false},
		"a path with a space":  {readyCheck{HTTP: http(80, "/a b"), TimeoutMs: 1}, false},
		"a path with a break":  {readyCheck{HTTP: http(80, "/a\r\n"), TimeoutMs: 1}, false},
		"no time":              {readyCheck{TCP: 1}, false},
	} {
		if err := c.check.valid(); (err == nil) != c.ok {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestStatusIn(t *testing.T) {
	for line, want := range map[string]int{
		"HTTP/1.1 200 OK\r": 200, "HTTP/1.0 301": 301, "HTTP/1.1 503 Service Unavailable": 503,
		"HTTP/2 200": 0, "HTTP/1.1 20": 0, "HTTP/1.1 2000": 0, "HTTP/1.1 2x0": 0, "HTTP/1.1": 0, "": 0, "SSH-2.0-x 200": 0,
	} {
		if got := statusIn(line); got != want {
			t.Errorf("%q: got %d, want %d", line, got, want)
		}
	}
}

func TestNextPauseGrowsToASecond(t *testing.T) {
	pauses := 0
	for pause := probeFirst; pause < probeMost; pause = nextPause(pause) {
		pauses++
	}
	if nextPause(probeFirst) != 125*time.Millisecond || nextPause(probeMost) != probeMost || pauses > 12 {
		t.Errorf("%d pauses, the second %s", pauses, nextPause(probeFirst))
	}
}

// listening answers every connection with a text, and keeps it open until the test ends.
func listening(t *testing.T, address, answer string) int {
	t.Helper()
	listener, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			t.Cleanup(func() { connection.Close() })
			fmt.Fprint(connection, answer)
		}
	}()
	return listener.Addr().(*net.TCPAddr).Port
}

func soon() time.Time { return time.Now().Add(100 * time.Millisecond) }

func TestAcceptsTCP(t *testing.T) {
	for _, address := range []string{"127.0.0.1:0", "[::1]:0", "0.0.0.0:0"} {
		if port := listening(t, address, ""); !acceptsTCP(port, time.Now().Add(netLimit)) {
			t.Errorf("%s is not ready", address)
		}
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	listener.Close()
	if acceptsTCP(listener.Addr().(*net.TCPAddr).Port, time.Now().Add(netLimit)) {
		t.Error("a port on which nothing listens is ready")
	}
}

func TestASocketThatIsConnectedToItself(t *testing.T) {
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer syscall.Close(fd)
	if err := syscall.Bind(fd, &syscall.SockaddrInet4{Addr: loopback4}); err != nil {
		t.Fatal(err)
	}
	own, err := syscall.Getsockname(fd)
	if err != nil {
		t.Fatal(err)
	}
	if err := syscall.Connect(fd, own); err != nil {
		t.Fatal(err)
	}
	port := own.(*syscall.SockaddrInet4).Port
	if !isOwnPeer(fd, port) || isOwnPeer(fd, port+1) {
		t.Error("a socket that is connected to itself is not recognised")
	}
}

func TestACheckByAProgram(t *testing.T) {
	r := reaping(func(int) {})
	env := map[string]string{"PATH": os.Getenv("PATH"), "OUT": filepath.Join(t.TempDir(), "pid")}
	succeeds := func(limit time.Duration, script string) bool {
		check := &readiness{quit: make(chan struct{}), limit: limit}
		return check.succeeds(r, []string{"sh", "-c", script}, env, environmentList(env))
	}
	if !succeeds(time.Minute, "exit 0") || succeeds(time.Minute, "exit 1") || succeeds(time.Minute, "kill -9 $$") {
		t.Error("the exit code does not decide")
	}
	if succeeds(300*time.Millisecond, `sleep 1000 & echo $! > "$OUT"; wait`) {
		t.Error("a program that hangs is a success")
	}
	text, err := os.ReadFile(env["OUT"])
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	if !awaitGone(func() {}, func() bool { return isRunning(pid) }, 10*time.Second) {
		t.Error("a process of the check is left")
	}
	closed := &readiness{quit: make(chan struct{}), limit: time.Minute}
	closed.close()
	if closed.begin(r, []string{"true"}, env, nil) != nil {
		t.Error("a check was started after the end of the checks")
	}
}

// isRunning: a zombie, whose parent reaps it later, is not.
func isRunning(pid int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err == nil && !strings.Contains(string(stat), ") Z ")
}

func TestAnswersHTTP(t *testing.T) {
	for name, c := range map[string]struct {
		answer string
		want   bool
	}{
		"a success, whose connection stays open": {"HTTP/1.1 204 No Content\r\n", true},
		"a redirection":                          {"HTTP/1.1 302 Found\r\nLocation: /x\r\n\r\n", true},
		"a failure":                              {"HTTP/1.1 404 Not Found\r\n\r\n", false},
		"something else":                         {"220 mail ESMTP\r\n", false},
		"half a line":                            {"HTTP/1.1 200 OK", false},
		"nothing":                                {"", false},
	} {
		t.Run(name, func(t *testing.T) {
			begin := time.Now()
			if got := answersHTTP(httpCheck{listening(t, "127.0.0.1:0", c.answer), "/"}, soon()); got != c.want {
				t.Errorf("got %v", got)
			}
			if took := time.Since(begin); took > 5*time.Second {
				t.Errorf("took %s", took)
			}
		})
	}
}

func TestAServiceThatWasKilledBeforeItWasReady(t *testing.T) {
	for _, c := range []struct {
		files []string
		want  decision
	}{
		{[]string{"started"}, ran},
		{[]string{"started", markProbing}, unready},
		{[]string{"started", markProbing, "child"}, ran},
	} {
		p := placesUnder(t.TempDir())
		for _, file := range append(c.files, lockLife) {
			if err := os.MkdirAll(filepath.Dir(p.state(1, file)), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(p.state(1, file), nil, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if got := (peers{places: p}).seen(1); got != (result{phase: ended, decision: c.want, code: codeKilled}) {
			t.Errorf("%v: got %+v", c.files, got)
		}
	}
}
