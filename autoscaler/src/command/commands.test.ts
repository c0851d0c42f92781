import { helpText } from '@hangar/shared/program/command';
import { runProgram } from '@hangar/shared/program/program';
import { fakeContext } from '@hangar/shared/testing/fake-context';
import { describe, expect, it } from 'vitest';
import { AUTOSCALER } from './commands.ts';
// This module is loaded lazily; importing it here avoids that a test waits for it.
import './serve.ts';

async function run(line: string): Promise<{ code: number; out: string; err: string }> {
  const context = fakeContext();
  const code = await runProgram(AUTOSCALER, line.split(' ').filter(Boolean), context);
  const text = (lines: readonly string[]): string => lines.map((one) => `${one}\n`).join('');
  return { code, out: text(context.printed), err: text(context.complained) };
}

async function json(line: string): Promise<Record<string, unknown>> {
  const { code, out } = await run(`${line} --json`);
  expect(code).toBe(0);
  return JSON.parse(out) as Record<string, unknown>;
}

describe('recommend', { timeout: 20_000 }, () => {
  // Days in ticks of ten seconds at six prices: a few seconds, and many times that on a busy machine.
  it('plays the curve of cost against waiting where it is wanted', { timeout: 180_000 }, async () => {
    const { out } = await run('recommend --prs-per-day 3 --shape 4cpu-8gb --curve');

    expect(out).toMatch(/^ +30 .*<- present setting$/m);
  });

  it('replays builds of the size that --pod states', async () => {
    const elastic = async (pod: string) => {
      const { checked } = await json(`recommend --prs-per-day 20 --shape 4cpu-8gb --pod ${pod}`);
      return (checked as { cost: { elasticNodeHoursPerDay: number } }).cost.elasticNodeHoursPerDay;
    };
    const usual = await elastic('cpu=1150m,memory=1700Mi');

    // One Pod on a node, rather than three; and fourteen.
    expect(await elastic('cpu=3,memory=1700Mi')).toBeGreaterThan(2 * usual);
    expect(await elastic('cpu=250m,memory=400Mi')).toBeLessThan(usual / 2);
  });

  it('states why a curve is missing', async () => {
    const { code, err } = await run('recommend --prs-per-day 5000 --shape 4cpu-8gb --curve');

    expect(code).toBe(0);
    expect(err).toBe('no curve of cost against waiting: 5000 PRs a day are too many builds to replay\n');
  });

  it('states that no wait was simulated where there are too many builds', async () => {
    expect((await run('recommend --prs-per-day 10001')).err).toContain('the wait is not simulated');
    expect((await run('recommend --prs-per-day 9000')).err).toBe('');
  });

  it('has no curve for a number of nodes', async () => {
    const { code, err } = await run('recommend --nodes 40 --curve');

    expect(code).toBe(2);
    expect(err).toContain('--curve needs --prs-per-day N');
  });

  it('answers for both shapes and both levels, and states what the nodes assume', async () => {
    const { code, out } = await run('recommend --prs-per-day 500');

    expect(code).toBe(0);
    expect(out).toMatch(/4cpu-8gb +87 +121 +3 /);
    expect(out).toMatch(/8cpu-16gb +45 +62 +6, counted as 5.89 /);
    expect(out).toMatch(/runner capacity.* 270 +372/);
    expect(out).toContain('DRONE_RESOURCE_REQUEST_CPU=1150 DRONE_RESOURCE_REQUEST_MEMORY=1700MiB');
  });

  it('returns the JSON that other programs use', async () => {
    expect(await json('recommend --prs-per-day 500')).toMatchObject({
      prsPerDay: 500,
      shapes: { '4cpu-8gb': { low: 87, high: 121 }, '8cpu-16gb': { low: 45, high: 62 } },
      assumes: {
        podRequest: { cpu: '1150m', memory: '1700Mi' },
        runnerCapacity: { low: 270, high: 372 },
        quota: { low: { cpu: '310500m', pods: 270 } },
      },
    });
  });

  it('prints numbers in JSON without rounding errors', async () => {
    const { out } = await run('recommend --prs-per-day 500 --shape 8cpu-16gb --json');
    expect(out).toContain('"podsCounted":5.8875,');
    expect(out).not.toMatch(/\.\d{12}/);
  });

  it('answers only what was requested', async () => {
    const answer = await json('recommend --prs-per-day 1000 --shape 8cpu-16gb --level high');

    expect(answer).toMatchObject({ shapes: { '8cpu-16gb': { high: 123 } } });
    expect(Object.keys(answer['shapes'] as object)).toEqual(['8cpu-16gb']);
  });

  it('accepts custom shapes: a machine of GKE by its formula gives the published number', async () => {
    expect(await json('recommend --prs-per-day 500 --node gke:cpu=4,memory=8Gi')).toMatchObject({
      shapes: { 'gke:cpu=4,memory=8Gi': { low: 87, high: 121 } },
    });
  });

  it('uses the singular for one', async () => {
    expect((await run('recommend --prs-per-day 1')).out).toContain('Nodes for 1 pull request a day\n');
    expect((await run('recommend --nodes 1')).out).toContain('Pull requests a day that 1 node handles\n');
  });

  it('answers the reverse question', async () => {
    expect(await json('recommend --nodes 87 --shape 4cpu-8gb --level low')).toEqual({
      nodes: 87,
      prsPerDay: { '4cpu-8gb': { low: 500 } },
    });
    expect((await run('recommend --nodes 2')).out).toContain('too few nodes');
  });

  it('needs more nodes when each Pod requests more', async () => {
    const { shapes } = await json(
      'recommend --prs-per-day 500 --pod cpu=3,memory=2Gi --shape 4cpu-8gb --level low',
    );

    expect(shapes).toEqual({ '4cpu-8gb': { low: 257 } });
  });

  it.each([
    { line: 'recommend', want: 'either --prs-per-day N or --nodes N' },
    { line: 'recommend --prs-per-day 5 --nodes 5', want: 'either' },
    { line: 'recommend --prs-per-day many', want: '--prs-per-day takes a number' },
    {
      line: 'recommend --prs-per-day 0x10',
      want: '--prs-per-day takes a number from 0 to 1000000, not "0x10"',
    },
    { line: 'recommend --nodes 0b11', want: '--nodes takes a whole number from 0 to 1000000, not "0b11"' },
    { line: 'recommend --prs-per-day=-1', want: '--prs-per-day takes a number' },
    { line: 'recommend --prs-per-day -1', want: '--prs-per-day takes a number from 0 to 1000000, not "-1"' },
    { line: 'recommend --json -1', want: "unknown option '-1'\nSee:" },
    { line: 'recommend --prs-per-day 1e9', want: 'from 0 to 1000000, not "1e9"' },
    { line: 'recommend --nodes 1.5', want: '--nodes takes a whole number from 0 to 1000000, not "1.5"' },
    { line: 'recommend --prs-per-day 5 --level middle', want: 'low or high' },
    { line: 'recommend --prs-per-day 5 --shape 2cpu', want: '4cpu-8gb or 8cpu-16gb' },
    { line: 'recommend --prs-per-day 5 --node cpu=4', want: 'cpu=16,memory=32Gi' },
    { line: 'recommend --prs-per-day 5 --shape cpu=4,memory=8Gi', want: 'is written --node cpu=16' },
    { line: 'recommend --prs-per-day 5 --node cpu=1,memory=1Gi', want: 'a larger node, or less in --pod' },
    { line: 'recommend --prs-per-day 5 --pod lots', want: '--pod' },
    { line: 'recommend --prs-per-day 5 extra', want: 'unexpected argument "extra"' },
    {
      line: 'recommend --prs-per-dya 5',
      want: "unknown option '--prs-per-dya'; did you mean --prs-per-day?\nSee:",
    },
    { line: 'recommend --prs-per-day', want: '--prs-per-day' },
  ])('rejects "$line" with 2, the reason and where to read more', async ({ line, want }) => {
    const { code, out, err } = await run(line);

    expect({ code, out }).toEqual({ code: 2, out: '' });
    expect(err).toContain(want);
    expect(err).toContain('hangar-autoscaler recommend --help');
  });
});

describe('the program', () => {
  it.each(['--help', 'help', '-h'])('%s lists the commands', async (line) => {
    const { code, out } = await run(line);

    expect(code).toBe(0);
    expect(out).toContain('hangar-autoscaler recommend');
  });

  it.each(['recommend --help', 'help recommend'])('"%s" shows examples', async (line) => {
    expect((await run(line)).out).toContain('--node gke:cpu=16,memory=64Gi');
  });

  it('prints its version', async () => {
    expect((await run('--version')).out).toBe('hangar-autoscaler 1.2.3\n');
  });

  it.each(['', 'recomend', 'help recomend', 'serve now', 'serve --now'])(
    'rejects "%s" with 2',
    async (line) => {
      expect((await run(line)).code).toBe(2);
    },
  );

  it.each(AUTOSCALER.commands)('help of $name: every option once, examples and exit codes', (one) => {
    const help = helpText(one);
    const named = [...help.matchAll(/^ {2}--([a-z0-9-]+)/gm)].map(([, name]) => name);

    expect(named.toSorted()).toEqual(Object.keys(one.options).toSorted());
    expect(help).toMatch(/Examples:\n {2}(HANGAR\S+ )*hangar-autoscaler /);
    expect(help).toMatch(/\nExit codes:\n {2}0 /);
  });

  it('serve reports all mistakes in its configuration, and exits with 78', async () => {
    const env = { HANGAR_AUTOSCALER_TICK: 'often', HANGAR_AUTOSCALER_KUBERNETES: 'off' };
    const context = fakeContext({}, { env });

    expect(await runProgram(AUTOSCALER, ['serve'], context)).toBe(78);
    expect(context.complained.join('\n')).toMatch(/wrong with the configuration:[^]*HANGAR_AUTOSCALER_TICK/);
  });

  it('serve reports what to do where there is no cluster, and exits with 78', async () => {
    const context = fakeContext({}, { env: { HANGAR_AUTOSCALER_RUNNERS: 'http://127.0.0.1:1' } });

    expect(await runProgram(AUTOSCALER, ['serve'], context)).toBe(78);
    expect(context.complained.join('\n')).toContain(
      'HANGAR_AUTOSCALER_KUBERNETES=off to query only the runners',
    );
  });
});
