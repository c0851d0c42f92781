import { describe, expect, it } from 'vitest';
import { aDetail } from '../compile/testing/a-pipeline.ts';
import type { StageDetail } from '../pipeline/drone.ts';
import { stageName as nameOf } from './stage-name.ts';

const detail = aDetail();
const stageName = (of: StageDetail): string => nameOf(of, Buffer.from('ours'));

describe('the name of a stage’s Pod', () => {
  it('is `drone-` followed by 20 letters and digits, and the same each time', () => {
    expect(stageName(detail)).toMatch(/^drone-[a-z0-9]{20}$/);
    expect(stageName({ ...detail })).toBe(stageName(detail));
  });

  it.each([
    ['another stage', { stage: { ...detail.stage, id: detail.stage.id + 1 } }],
    ['another build', { build: { ...detail.build, id: detail.build.id + 1 } }],
    ['the same number in a new database', { stage: { ...detail.stage, created: detail.stage.created + 1 } }],
    ['another server', { system: { ...detail.system, host: 'other.test' } }],
  ])('is different for %s', (_, changes) => {
    expect(stageName({ ...detail, ...changes })).not.toBe(stageName(detail));
  });

  it('does not change while the stage runs', () => {
    const stage = { ...detail.stage, version: 9, status: 'running', updated: 5, started: 4 } as const;
    expect(stageName({ ...detail, stage })).toBe(stageName(detail));
  });

  it('can be computed only with the key of the runners', () => {
    expect(nameOf(detail, Buffer.from('another'))).not.toBe(stageName(detail));
  });
});
