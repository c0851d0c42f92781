package main

import (
	"errors"
	"time"
)

// errStopping ends every wait: the Pod is being stopped and nothing more starts.
var errStopping = errors.New("the Pod is being stopped")

const (
	pollMin      = 10 * time.Millisecond
	pollMax      = 200 * time.Millisecond
	pollSwap     = 150 * time.Millisecond // the kubelet needs up to 0.7 s to write the file anyway
	lookAround   = time.Second            // how often a waiting gate checks for `stopping` of others
	holdKilled   = time.Second            // a stop of the whole Pod kills others first: our signal may follow
	slowStart    = 2 * time.Second        // images were pulled meanwhile, and the kubelet may have delayed a cancel
	slowHoldMost = time.Second
)

// patience implements waits that a stop ends.
type patience struct {
	peers   peers
	stopped <-chan struct{} // closed when this gate got a stop signal
	nearby  []int           // gates whose `stopping` is checked while waiting
}

// until waits for a channel.
func (w patience) until(ready <-chan struct{}) error {
	tick := time.NewTicker(lookAround)
	defer tick.Stop()
	for {
		select {
		case <-w.stopped:
			return errStopping
		case <-ready:
			return nil
		case <-tick.C:
			if w.peers.anyStopping(w.nearby) {
				return errStopping
			}
		}
	}
}

// poll waits for a condition that has no lock: the interval grows with the time waited, so that it costs little and adds
// about a twentieth.
func (w patience) poll(least time.Duration, ready func() bool) error {
	begin := time.Now()
	looked := begin
	for !ready() {
		select {
		case <-w.stopped:
			return errStopping
		case <-time.After(min(max(time.Since(begin)/20, least), pollMax)):
		}
		if time.Since(looked) >= lookAround {
			looked = time.Now()
			if w.peers.anyStopping(w.nearby) {
				return errStopping
			}
		}
	}
	return nil
}

// pause waits for a time.
func (w patience) pause(d time.Duration) error {
	if d <= 0 {
		return nil
	}
	over := make(chan struct{})
	timer := time.AfterFunc(d, func() { close(over) })
	defer timer.Stop()
	return w.until(over)
}

// slowStartHold is how long nothing may start after a start so slow that the kubelet may have delayed a cancel.
func slowStartHold(took time.Duration) time.Duration {
	if took <= slowStart {
		return 0
	}
	return min(took/4, slowHoldMost)
}
