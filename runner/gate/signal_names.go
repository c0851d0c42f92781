package main

import (
	"strconv"
	"strings"
	"syscall"
)

// signalNumbers are those that an image's STOPSIGNAL may name.
var signalNumbers = map[string]syscall.Signal{
	"HUP": syscall.SIGHUP, "INT": syscall.SIGINT, "QUIT": syscall.SIGQUIT, "ABRT": syscall.SIGABRT,
	"KILL": syscall.SIGKILL, "USR1": syscall.SIGUSR1, "USR2": syscall.SIGUSR2, "PIPE": syscall.SIGPIPE,
	"ALRM": syscall.SIGALRM, "TERM": syscall.SIGTERM, "CONT": syscall.SIGCONT, "STOP": syscall.SIGSTOP,
	"TSTP": syscall.SIGTSTP, "WINCH": syscall.SIGWINCH, "PWR": syscall.SIGPWR, "IO": syscall.SIGIO,
}

const (
	signalRTMin = 34
	signalRTMax = 64
)

// signalNamed parses SIGTERM, TERM, 15 and SIGRTMIN+3; an unknown name becomes SIGTERM.
func signalNamed(name string) syscall.Signal {
	short := strings.TrimPrefix(strings.ToUpper(strings.TrimSpace(name)), "SIG")
	if known, ok := signalNumbers[short]; ok {
		return known
	}
	number, base := short, 0
	if rest, ok := strings.CutPrefix(short, "RTMIN"); ok {
		number, base = rest, signalRTMin
	} else if rest, ok := strings.CutPrefix(short, "RTMAX"); ok {
		number, base = rest, signalRTMax
	}
	if number == "" && base != 0 {
		return syscall.Signal(base)
	}
	offset, err := strconv.Atoi(number)
	if err != nil || base+offset < 1 || base+offset > signalRTMax {
		return syscall.SIGTERM
	}
	return syscall.Signal(base + offset)
}
