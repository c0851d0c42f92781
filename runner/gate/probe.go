package main

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// The checks by tcp and http use system calls: Go's net/http would make the program in every Pod several times larger.

var (
	loopback4 = [4]byte{127, 0, 0, 1}
	loopback6 = [16]byte{15: 1}
)

// acceptsTCP reports whether a program of the Pod accepts connections.
func acceptsTCP(port int, deadline time.Time) bool {
	fd, err := connect(syscall.AF_INET, &syscall.SockaddrInet4{Port: port, Addr: loopback4}, port, deadline)
	if err != nil {
		fd, err = connect(syscall.AF_INET6, &syscall.SockaddrInet6{Port: port, Addr: loopback6}, port, deadline)
	}
	if err != nil {
		return false
	}
	_ = syscall.Close(fd)
	return true
}

// answersHTTP reports whether a GET is answered with a status of 200 to 399.
func answersHTTP(check httpCheck, deadline time.Time) bool {
	fd, err := connect(syscall.AF_INET, &syscall.SockaddrInet4{Port: check.Port, Addr: loopback4}, check.Port, deadline)
	if err != nil {
		return false
	}
	defer syscall.Close(fd)
	request := []byte(fmt.Sprintf("GET %s HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nUser-Agent: hangar-gate\r\nAccept: */*\r\nConnection: close\r\n\r\n", check.Path, check.Port))
	// MSG_NOSIGNAL: the gate would forward a SIGPIPE to the service.
	if n, err := syscall.SendmsgN(fd, request, nil, nil, syscall.MSG_NOSIGNAL); err != nil || n != len(request) {
		return false
	}
	status := statusIn(firstLine(fd, deadline))
	return status >= 200 && status < 400
}

// connect connects to a port of the Pod; the socket's operations end at the deadline.
func connect(family int, to syscall.Sockaddr, port int, deadline time.Time) (int, error) {
	fd, err := syscall.Socket(family, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		return 0, err
	}
	err = limitUntil(fd, deadline)
	if err == nil {
		err = syscall.Connect(fd, to)
	}
	if err == nil && isOwnPeer(fd, port) {
		err = errors.New("connected to itself")
	}
	if err != nil {
		_ = syscall.Close(fd)
	}
	return fd, err
}

// isOwnPeer reports whether a socket is connected to itself: if nothing listens, the kernel may give it the very port that it
// connects to.
func isOwnPeer(fd, port int) bool {
	address, err := syscall.Getsockname(fd)
	if err != nil {
		return true
	}
	switch own := address.(type) {
	case *syscall.SockaddrInet4:
		return own.Port == port
	case *syscall.SockaddrInet6:
		return own.Port == port
	}
	return true
}

// limitUntil bounds a socket's blocking operations.
func limitUntil(fd int, deadline time.Time) error {
	left := max(time.Until(deadline), time.Millisecond)
	limit := syscall.NsecToTimeval(left.Nanoseconds())
	for _, option := range []int{syscall.SO_SNDTIMEO, syscall.SO_RCVTIMEO} {
		if err := syscall.SetsockoptTimeval(fd, syscall.SOL_SOCKET, option, &limit); err != nil {
			return err
		}
	}
	return nil
}

// firstLine reads until the first line break, 256 bytes or the deadline.
func firstLine(fd int, deadline time.Time) string {
	text := make([]byte, 0, 256)
	for len(text) < cap(text) && time.Now().Before(deadline) && limitUntil(fd, deadline) == nil {
		n, err := syscall.Read(fd, text[len(text):cap(text)])
		if err == syscall.EINTR {
			continue
		}
		if err != nil || n == 0 {
			break
		}
		text = text[:len(text)+n]
		if line, _, whole := strings.Cut(string(text), "\n"); whole {
			return line
		}
	}
	return ""
}

// statusIn returns the status of `HTTP/1.1 200 OK`; 0 for anything else.
func statusIn(line string) int {
	fields := strings.Fields(line)
	if len(fields) < 2 || !strings.HasPrefix(fields[0], "HTTP/1.") || len(fields[1]) != 3 {
		return 0
	}
	status, err := strconv.Atoi(fields[1])
	if err != nil {
		return 0
	}
	return status
}
