import { describe, expect, it } from 'vitest';
import { buildStatus, nextStatusOf } from './status.ts';

describe('what becomes of a waiting stage (drone-rpc §8.16)', () => {
  const waiting = { id: 3, name: 'deploy', status: 'waiting_on_dependencies', depends_on: ['test'] };
  const rows: [string, { on_success: boolean; on_failure: boolean }, string[], string][] = [
    [
      'waits while its dependency runs',
      { on_success: true, on_failure: false },
      ['running', 'success'],
      'wait',
    ],
    ['does not wait for others', { on_success: true, on_failure: false }, ['success', 'running'], 'pending'],
    ['runs after success', { on_success: true, on_failure: false }, ['success', 'success'], 'pending'],
    [
      'is skipped after a failure',
      { on_success: true, on_failure: false },
      ['failure', 'success'],
      'skipped',
    ],
    [
      'is skipped after a failure anywhere in the build',
      { on_success: true, on_failure: false },
      ['success', 'error'],
      'skipped',
    ],
    [
      'a skipped dependency is no failure',
      { on_success: true, on_failure: false },
      ['skipped', 'success'],
      'pending',
    ],
    ['on failure runs after one', { on_success: false, on_failure: true }, ['killed', 'success'], 'pending'],
    [
      'on failure is skipped without one',
      { on_success: false, on_failure: true },
      ['success', 'success'],
      'skipped',
    ],
    [
      'on both runs after a failure',
      { on_success: true, on_failure: true },
      ['failure', 'success'],
      'pending',
    ],
    ['on both runs after success', { on_success: true, on_failure: true }, ['success', 'success'], 'pending'],
  ];
  it.each(rows)('%s', (_name, policy, [test = '', lint = ''], expected) => {
    const base = { depends_on: [], on_success: true, on_failure: false };
    const others = [
      { ...base, id: 1, name: 'test', status: test },
      { ...base, id: 2, name: 'lint', status: lint },
    ];
    const stage = { ...waiting, ...policy };

    expect(nextStatusOf(stage, [...others, stage])).toBe(expected);
  });
});

describe("the build's status (drone-rpc §8.16)", () => {
  const rows: [string[], string | undefined][] = [
    [['success', 'success'], 'success'],
    [['success', 'running'], undefined],
    [['failure', 'waiting_on_dependencies'], undefined],
    [['success', 'blocked'], undefined],
    [['success', 'declined'], undefined],
    [['success', 'failure', 'error'], 'failure'],
    [['killed', 'failure'], 'killed'],
    [['skipped', 'skipped'], 'success'],
    [['skipped', 'error'], 'error'],
    [['success', ''], 'success'],
  ];
  it.each(rows)('%j gives %s', (statuses, expected) => {
    const stages = statuses.map((status, index) => ({ id: index + 1, status }));

    expect(buildStatus(stages)).toBe(expected);
    expect(buildStatus([...stages].reverse())).toBe(expected);
  });
});
