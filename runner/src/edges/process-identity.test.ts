import { Child } from '@hangar/shared/testing/child-process';
import { describe, expect, it } from 'vitest';
import { processIdentity } from './process-identity.ts';

describe.runIf(process.platform === 'linux')('processIdentity', () => {
  const identity = processIdentity();
  const nameOf = (pid: number | string, start: string) =>
    [identity?.name.split('.')[0], pid, start].join('.');

  it('names a process that runs', () => {
    expect(identity?.name).toMatch(/^[0-9a-f]{12}\.\d+\.\d+$/);
    expect(identity?.isGone(identity.name)).toBe(false);
    expect(identity?.isGone(`${identity.name}.x7`)).toBe(false);
  });

  it('detects that a process has ended, and that another one has its PID now', async () => {
    const child = new Child('/bin/sh', ['-c', 'exit 0']);
    await child.exit;
    expect(identity?.isGone(nameOf(child.pid, '1'))).toBe(true);
    expect(identity?.isGone(nameOf(process.pid, '1'))).toBe(true);
  });

  it('never reports processes of another machine or with other names as gone', () => {
    expect(identity?.isGone('0123456789ab.1.1')).toBe(false);
    expect(identity?.isGone('life-7')).toBe(false);
  });
});
