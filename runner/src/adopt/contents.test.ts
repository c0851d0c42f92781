import { describe, expect, it } from 'vitest';
import { TestStage } from '../stage/testing/test-stage.ts';
import { aPlan } from '../supervise/testing/a-plan.ts';
import { annotationContents } from './contents.ts';
import type { PodRecord } from './read-pod.ts';

const { signal } = new AbortController();

describe('contents where Secrets may not be read', () => {
  const { parts, cluster } = new TestStage();
  const recordWith = (plan: PodRecord['plan']) => ({ plan }) as PodRecord;

  it('are the plan of the annotation, and no values to hide', async () => {
    const plan = aPlan();

    expect(await annotationContents.contentsOf(parts, {}, recordWith(plan), signal)).toEqual({
      plan,
      masks: undefined,
    });
    expect(cluster.calls).toEqual([]);
  });

  it('are lost where the plan was too large for an annotation, and the error names the right', async () => {
    await expect(
      annotationContents.contentsOf(parts, {}, recordWith(undefined), signal),
    ).rejects.toMatchObject({
      code: 'record-lost',
      message: expect.stringContaining('is not allowed to get') as string,
    });
  });

  it('never count as complete: what was not started is made again', async () => {
    expect(await annotationContents.isComplete(parts, {}, recordWith(aPlan()), signal)).toBe(false);
  });
});
