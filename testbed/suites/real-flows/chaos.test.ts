import { systemClock } from '@hangar/shared/clock';
import { afterEach, describe, expect, it } from 'vitest';
import { violationsOf } from '../../chaos/judge/invariants.ts';
import { violationLines } from '../../chaos/judge/report.ts';
import { KINDS } from '../../chaos/plan/kinds.ts';
import { planOf } from '../../chaos/plan/plan.ts';
import { SHAPES } from '../../chaos/plan/shapes.ts';
import { openRealCluster } from '../../chaos/run/real-chaos-cluster.ts';
import { type FinishedRun, runPlan } from '../../chaos/run/run.ts';

const BUILDS = 30;
const SPAN_MS = 90_000;
/** How many faults of each kind. */
const FAULTS: Readonly<Record<string, number>> = {
  'kill -9': 36,
  SIGSTOP: 4,
  'partition from Kubernetes': 4,
  'partition from Drone': 4,
  cancel: 4,
};
const KILLS = 30;
const TIMEOUT_MS = 420_000;

describe('builds on a real kubelet, while three replicas are killed, stopped and cut off', () => {
  let run: FinishedRun | undefined;
  let keepsFolder = false;
  afterEach(() => run?.close(keepsFolder));

  it('keep all invariants', { timeout: TIMEOUT_MS, retry: 0 }, async () => {
    const kinds = KINDS.flatMap((kind) => Array.from({ length: FAULTS[kind.name] ?? 0 }, () => kind));
    const request = { builds: BUILDS, faults: kinds.length, spanMs: SPAN_MS, shapes: SHAPES.length };
    const plan = planOf({ seed: 1, ...request, kinds });
    run = await runPlan(plan, {
      ...{ clock: systemClock(), replicas: 3, openCluster: openRealCluster },
      ...{ showProgress: () => undefined, stop: new AbortController().signal },
    });
    const { history, folder } = run;
    const violations = violationsOf(history, SHAPES);
    keepsFolder = violations.length > 0;
    const found = violations.flatMap((one) => violationLines(one, history));
    expect(found, `logs of the replicas: ${folder}`).toEqual([]);
    expect(history.builds).toHaveLength(BUILDS);
    const kills = history.faults.filter(({ kind, isDone }) => kind === 'kill -9' && isDone);
    expect(kills.length).toBeGreaterThanOrEqual(KILLS);
  });
});
