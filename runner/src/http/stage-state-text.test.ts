import { describe, expect, it } from 'vitest';
import { StageHistory } from '../history/stage-history.ts';
import { aStageReport, aStepReport } from '../history/testing/a-report.ts';
import { anEntry, changed, left } from '../metrics/testing/an-entry.ts';
import type { DroneStep } from '../pipeline/drone.ts';
import { explanationOf } from './stage-state-text.ts';

/** What the dashboard shows of a failed stage with that step. */
function explained(step: Partial<DroneStep>): string | undefined {
  const history = new StageHistory();
  history.registryChanged(changed(anEntry()));
  history.stageReported(
    aStageReport({
      status: 'failure',
      stopped: 1_768_383_100,
      steps: [aStepReport({ status: 'failure', ...step })],
    }),
  );
  history.registryChanged(left(anEntry()));
  const stage = history.find(1);
  return stage && explanationOf(stage);
}

describe('the explanation of a failed stage', () => {
  it.each([
    [
      'a step that exceeded its timeout',
      { exitCode: 124, error: 'timed out after 10m' },
      'timed out after 10m',
    ],
    [
      'a service that was not ready',
      { exitCode: 124, error: 'not ready within 1m', detached: true },
      'not ready within 1m',
    ],
    ['a step that ended with 124 by itself', { exitCode: 124, error: '' }, 'exit code 124'],
  ])('has the reason of %s', (_, step, reason) => {
    expect(explained(step)).toBe(`step build failed: ${reason}`);
  });
});
