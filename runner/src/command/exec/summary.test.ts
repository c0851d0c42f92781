import { describe, expect, it } from 'vitest';
import { aStage } from '../../compile/testing/a-pipeline.ts';
import type { DroneStep, Status } from '../../pipeline/drone.ts';
import type { Conclusion } from '../../pipeline/stage-state.ts';
import { Screen } from './screen.ts';
import { resultOf, seconds, summaryText } from './summary.ts';

const step = (number: number, name: string, status: Status, more: Partial<DroneStep> = {}): DroneStep => ({
  id: number,
  stageId: 31,
  number,
  name,
  status,
  error: '',
  errIgnore: false,
  exitCode: 0,
  started: 100,
  stopped: 103,
  version: 3,
  dependsOn: [],
  image: 'alpine',
  detached: false,
  schema: '',
  ...more,
});

const result = (
  status: Status,
  steps: readonly DroneStep[],
  more: { conclusion?: Conclusion; interrupted?: boolean; error?: string } = {},
) =>
  resultOf(
    {
      stage: aStage({ status, steps, error: more.error ?? '' }),
      conclusion: more.conclusion ?? { kind: 'completed' },
      spans: new Map([[1, { startMs: 1_000, endMs: 1_250 }]]),
      durationMs: 4_200,
    },
    { namespace: 'ci', pod: 'drone-x', interrupted: more.interrupted ?? false, timeoutMs: 60_000 },
  );

describe('the summary of a run', () => {
  it.each([
    ['success is 0', 'success', false, 0],
    ['failure is 1', 'failure', false, 1],
    ['error is 1', 'error', false, 1],
    ['killed by a time limit is 1', 'killed', false, 1],
    ['killed by Ctrl-C is 130', 'killed', true, 130],
    ['a Ctrl-C after the end changes nothing', 'success', true, 0],
    ['nor does it hide a failure', 'failure', true, 1],
  ] as const)('has exit code: %s', (_, status, interrupted, code) => {
    expect(result(status, [], { interrupted }).exitCode).toBe(code);
  });

  it('is a table with exact times from the gates, whole seconds from elsewhere, and none for steps that did not run', () => {
    const screen = new Screen(() => undefined, { colour: false, isTerminal: false });
    const steps = [
      step(1, 'test', 'success'),
      step(2, 'publish', 'failure', { exitCode: 12 }),
      step(3, 'after', 'skipped'),
    ];
    expect(summaryText(result('failure', steps), screen).split('\n')).toEqual([
      '',
      'step     status   exit   time',
      'test     success     0  0.3 s',
      'publish  failure    12  3.0 s',
      'after    skipped',
      '',
      'default: failure after 4.2 s',
    ]);
  });

  it('contains the reason, if there is one', () => {
    const screen = new Screen(() => undefined, { colour: false, isTerminal: false });
    expect(summaryText(result('error', [], { error: 'no such image' }), screen)).toBe(
      '\ndefault: error after 4.2 s: no such image',
    );
    expect(result('killed', [], { conclusion: { kind: 'timed-out' } }).error).toBe(
      'stopped after its time limit of 1 min 0 s',
    );
  });

  it('has no step in a running state', () => {
    const open = [step(1, 'a', 'running'), step(2, 'b', 'pending')];
    expect(result('error', open).steps.map(({ status }) => status)).toEqual(['skipped', 'skipped']);
  });

  it.each([
    [0, '0.0 s'],
    [9_949, '9.9 s'],
    [9_950, '10 s'],
    [59_400, '59 s'],
    [59_600, '1 min 0 s'],
    [125_000, '2 min 5 s'],
  ])('formats %d ms as %s', (ms, text) => {
    expect(seconds(ms)).toBe(text);
  });
});
