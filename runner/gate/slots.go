package main

import (
	"fmt"
	"syscall"
)

// lockSlot is held in the folder of a step that counts for `parallelism`, from before its start to its end.
const lockSlot = "slot"

// takeSlot takes one of the stage's places for ordinary steps, and reports whether one was free. Gates count the places
// under the lock of the folder of all states, so that no two of them take the last one.
func (g *gate) takeSlot() (bool, error) {
	if g.stage.Parallelism <= 0 || g.step.background() {
		return true, nil
	}
	all, err := syscall.Open(g.places.states, syscall.O_RDONLY|syscall.O_DIRECTORY|syscall.O_CLOEXEC, 0)
	if err != nil {
		return false, err
	}
	defer syscall.Close(all)
	switch err := flock(all, syscall.LOCK_EX|syscall.LOCK_NB); {
	case err == syscall.EWOULDBLOCK:
		return false, nil
	case err != nil:
		return false, fmt.Errorf("cannot lock %s, which parallelism needs: %w", g.places.states, err)
	case g.peers.holders(lockSlot, g.n) >= g.stage.Parallelism:
		return false, nil
	}
	return true, g.own.lock(lockSlot)
}

// holders counts the gated steps, other than one, whose lock of that name is held.
func (p peers) holders(name string, other int) int {
	count := 0
	for _, step := range p.steps {
		if step.N != other && !step.swapped() && p.holds(step.N, name) {
			count++
		}
	}
	return count
}
