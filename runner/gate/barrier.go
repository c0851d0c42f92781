package main

// The barrier: only clone runs before every gate of the Pod has started.
//
// Each gate waits for `started` of the next one, then blocks on the next one's `barrier` lock, which that gate releases
// when it and all later gates have started. So "all from here on have started" propagates from the last container to the
// first (the head), and the release of the head's lock, on which all the others block by then, lets all continue. While the
// kubelet starts containers one after another, only the newest gate polls.
//
// A free lock does not show whether its gate released it or died: `passed` does. (It can't be decided by checking whether the
// gate is alive: the kernel releases a dead process's locks in any order.)

// passesBarrier reports whether a step may run before the others have started.
func passesBarrier(s stage, n int) bool {
	first, known := s.find(1)
	return s.Start != "barrier" || known && n == 1 && first.Name == "clone"
}

// chain lists the gates that wait at the barrier, in container order.
func chain(s stage) []int {
	numbers := []int{}
	for _, step := range s.Steps {
		if !step.swapped() && !passesBarrier(s, step.N) {
			numbers = append(numbers, step.N)
		}
	}
	return numbers
}

func (g *gate) passBarrier() error {
	if passesBarrier(g.stage, g.n) {
		return g.openBarrier()
	}
	earlier, later := around(chain(g.stage), g.n)
	w := g.waits
	if len(earlier) == 0 {
		w.nearby = g.peers.all()
	}
	if err := g.collect(w, later); err != nil {
		return err
	}
	if err := g.openBarrier(); err != nil {
		return err
	}
	return g.collect(w, earlier)
}

func (g *gate) openBarrier() error {
	if err := g.own.mark("passed"); err != nil {
		return err
	}
	g.own.release(lockBarrier)
	return nil
}

// collect waits until one of these gates has released its barrier lock; gates that died at it have started too, but
// have not waited for those after them.
func (g *gate) collect(w patience, numbers []int) error {
	for _, n := range numbers {
		if err := g.awaitStarted(n); err != nil {
			return err
		}
		if err := w.until(g.peers.released(n, lockBarrier)); err != nil {
			return err
		}
		if exists(g.places.state(n, "passed")) {
			return nil
		}
		if g.peers.anyStopping(g.peers.all()) {
			return errStopping
		}
	}
	return g.awaitClone()
}

// awaitStarted polls, and checks for a stop of any gate meanwhile: only one gate at a time polls.
func (g *gate) awaitStarted(n int) error {
	w := g.waits
	w.nearby = g.peers.all()
	return w.poll(pollMin, func() bool { return g.peers.started(n) })
}

// awaitClone: clone passes the barrier, but the others wait for its start as well.
func (g *gate) awaitClone() error {
	first, known := g.stage.find(1)
	if !known || first.swapped() || !passesBarrier(g.stage, 1) {
		return nil
	}
	return g.awaitStarted(1)
}

func around(numbers []int, n int) (earlier, later []int) {
	for _, other := range numbers {
		switch {
		case other < n:
			earlier = append(earlier, other)
		case other > n:
			later = append(later, other)
		}
	}
	return earlier, later
}
