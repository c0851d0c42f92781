import { systemClock } from '@hangar/shared/clock';
import { afterEach, describe, expect, it } from 'vitest';
import { violationsOf } from '../judge/invariants.ts';
import { violationLines } from '../judge/report.ts';
import { KINDS } from '../plan/kinds.ts';
import { planOf } from '../plan/plan.ts';
import { SHAPES } from '../plan/shapes.ts';
import { openEmbeddedCluster } from '../run/embedded-chaos-cluster.ts';
import { type FinishedRun, runPlan } from '../run/run.ts';
import { KNOWN_TROUBLE } from './known-trouble.ts';

const BUILDS = 80;
const FAULTS = 56;
const SPAN_MS = 105_000;

describe('builds on three replicas, while servers and processes fail', () => {
  const stop = new AbortController();
  let run: FinishedRun | undefined;
  let keepsFolder = false;
  afterEach(() => run?.close(keepsFolder));

  // The same plans each time, so that only a change of the runner changes the result.
  it.each([1, 2])('keep all invariants (seed %i)', async (seed) => {
    const kinds = KINDS.filter(({ name }) => !KNOWN_TROUBLE.has(name));
    const request = { builds: BUILDS, faults: FAULTS, spanMs: SPAN_MS, shapes: SHAPES.length };
    const plan = planOf({ seed, ...request, kinds });
    run = await runPlan(plan, {
      ...{ clock: systemClock(), replicas: 3, openCluster: openEmbeddedCluster },
      ...{ showProgress: () => undefined, stop: stop.signal },
    });
    const { history, folder } = run;
    const violations = violationsOf(history, SHAPES);
    keepsFolder = violations.length > 0;
    const found = violations.flatMap((one) => violationLines(one, history));
    expect(found, `logs of the replicas: ${folder}`).toEqual([]);
    expect(history.builds).toHaveLength(BUILDS);
    expect(history.faults.filter(({ isDone }) => isDone).length).toBeGreaterThan(FAULTS / 2);
  });
});
