import { errorText } from '@hangar/shared/error-text';
import type { BuildView } from '../parts/drone/views.ts';
import type { TestSystem } from '../suites/flows/test-system.ts';
import { type CapacityReadings, capacityProblems } from './capacity.ts';
import { DEMO_SECRETS, type DemoCase } from './cases.ts';
import type { Driven } from './drive.ts';
import { type CaseResult, evidenceSteps, judge } from './judge.ts';

/** What happened to one pipeline. Times in milliseconds, from sending to the end. */
export interface PipelineOutcome {
  readonly one: DemoCase;
  readonly build: BuildView;
  readonly verdict: CaseResult;
  readonly spentMs: number;
  readonly waited: string;
}

/** All that happened. */
export interface DemoOutcome {
  readonly ok: boolean;
  readonly cluster: 'embedded' | 'real';
  readonly pipelines: readonly PipelineOutcome[];
  readonly recommended: CapacityReadings;
  /** What was wrong beside the pipelines. */
  readonly problems: readonly string[];
  readonly totals: {
    readonly builds: number;
    readonly steps: number;
    readonly pods: number;
    /** Successful POST, PATCH and DELETE of the runner, without those that keep its Lease. */
    readonly apiWrites: number;
    readonly spentMs: number;
  };
}

/** What was done, and the autoscaler's recommendations meanwhile. */
export interface FinishedDemo {
  readonly driven: Driven;
  readonly recommended: CapacityReadings;
}

/** Judges all that was driven; looks at the server's and the runner's records, changes nothing. */
export function demoOutcomeOf(
  setup: TestSystem,
  { driven, recommended }: FinishedDemo,
  cluster: DemoOutcome['cluster'],
): DemoOutcome {
  const pipelines = driven.sent.map(({ one, build, sentMs, endedMs = driven.endedMs, waited }) => {
    const log = (stage: string, step: string): string =>
      setup.drone
        .logView(build.id, step, stage)
        .lines.map((line) => line.out)
        .join('');
    const verdict = judge(one, { build, log, waited, secrets: Object.values(DEMO_SECRETS) });
    return { one, build, verdict, spentMs: endedMs - sentMs, waited };
  });
  const problems = [
    ...driven.problems,
    ...setup.drone.complaints,
    ...overlaps(setup),
    ...capacityProblems(recommended),
  ];
  const writes = setup.runner.calls.filter(
    ({ verb, resource, status }) =>
      ['create', 'patch', 'delete'].includes(verb) && resource !== 'leases' && status >= 200 && status < 300,
  );
  return {
    ok: problems.length === 0 && pipelines.every(({ verdict }) => verdict.problems.length === 0),
    cluster,
    pipelines,
    recommended,
    problems,
    totals: {
      builds: pipelines.length,
      steps: pipelines.reduce((sum, { build }) => sum + evidenceSteps(build).length, 0),
      pods: writes.filter(({ verb, resource }) => verb === 'create' && resource === 'pods').length,
      apiWrites: writes.length,
      spentMs: driven.endedMs - driven.beganMs,
    },
  };
}

function overlaps({ drone }: TestSystem): string[] {
  try {
    drone.calls.assertNoOverlap();
    return [];
  } catch (error) {
    return [errorText(error)];
  }
}
