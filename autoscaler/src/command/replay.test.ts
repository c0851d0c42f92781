import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FIRST_MONDAY, generateLoad } from '../trace/generate.ts';
import { formatTraceLine } from '../trace/trace-line.ts';
import { replayCommand } from './replay.ts';
import { UsageError } from './terminal.ts';

let folder = '';
let trace = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hangar-replay-'));
  trace = join(folder, 'trace.jsonl');
  const jobs = generateLoad({ load: 'table-like', seed: 1, days: 2, prsPerDay: 60 });
  await writeFile(trace, `${jobs.map(formatTraceLine).join('\n')}\ndamaged\n`);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function run(...args: readonly string[]): Promise<{ code: number; out: string; err: string }> {
  const said = { out: '', err: '' };
  const code = await replayCommand.run(args, {
    out: (text) => void (said.out += text),
    err: (text) => void (said.err += text),
    version: '1.2.3',
    env: {},
    interactive: true,
  });
  return { code, ...said };
}

describe('replay', () => {
  it('plays a file, names its damaged lines, shows progress on the side and prints data', async () => {
    const { code, out, err } = await run(trace, '--policy', 'karpenter', '--train-days', '1', '--json');

    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({
      policy: 'karpenter',
      placement: 'least',
      unplaced: 0,
      evicted: 0,
      forecastError: null,
    });
    expect(err).toContain('left out: it is no JSON');
    expect(err).toContain('karpenter: ');
  });

  it('says so when nothing is left to count, and not while a day is left', async () => {
    const after = (days: string) => run(trace, '--policy', 'static:9', '--train-days', days, '--json');

    expect((await after('2')).err).toContain("the trace has 2 days, and the first 2 don't count");
    expect((await after('1')).err).not.toContain('count');
  });

  it('writes the wanted pool size over time, counted from the first midnight', async () => {
    const decisions = join(folder, 'decisions.jsonl');
    await run('--trace', trace, '--policy', 'forecast', '--train-days', '1', '--decisions', decisions);
    const lines = (await readFile(decisions, 'utf8'))
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { at: number; nodes: number });

    expect(lines.length).toBeGreaterThan(20);
    expect(lines[0]?.at).toBeLessThan(86_400);
    expect(
      lines.every(({ at, nodes }, index) => at >= (lines[index - 1]?.at ?? 0) && Number.isInteger(nodes)),
    ).toBe(true);
  });

  it('draws nodes over time, as text or as a picture', async () => {
    const picture = join(folder, 'plot.svg');
    const words = ['--trace', trace, '--policy', 'static:9,karpenter', '--train-days', '1', '--plot'];

    expect((await run(...words, 'text')).out).toMatch(/static:9 +│▅+│ up to 9\n/);
    await run(...words, picture);
    expect(await readFile(picture, 'utf8')).toMatch(/^<svg [^]*polyline[^]*karpenter<\/text>\n<\/svg>\n$/);
  });

  it('takes every flag of its help, and answers with these fields and no others', async () => {
    const words = `--trace ${trace} --node 8cpu-16gb --boot-seconds 60 --policy forecast --placement least --train-days 1
      --objective-p95-seconds 20 --cold-seconds 30 --seed 4 --decisions ${join(folder, 'd')} --json`;
    const { out } = await run(...words.split(/\s+/));
    const answer = JSON.parse(out) as { waitSeconds: object; jobs: number; coldStarts: number };

    expect(Object.keys(answer)).toEqual(
      'policy placement jobs nodeHours nodeHoursPer1000Jobs waitSeconds worstHourP95 peakNodes boots coldStarts evicted unplaced tooLarge forecastError'.split(
        ' ',
      ),
    );
    expect(Object.keys(answer.waitSeconds)).toEqual(['p50', 'p95', 'p99', 'max']);
    expect(answer.coldStarts).toBeGreaterThan(0);
  });

  it('marks surplus nodes for any policy, so that all can be compared under one placement', async () => {
    const { out } = await run(trace, '--train-days', '1', '--placement', 'soft-taint', '--json');
    const answers = JSON.parse(out) as { policy: string; placement: string }[];

    expect(answers.map(({ policy }) => policy)).toEqual(
      'cluster-autoscaler karpenter karpenter-buffer sqrt forecast clairvoyant'.split(' '),
    );
    expect(new Set(answers.map(({ placement }) => placement))).toEqual(new Set(['soft-taint']));
  });

  it('puts policies side by side for a person', async () => {
    const { out } = await run(
      '--load',
      'table-like',
      '--days',
      '1',
      '--train-days',
      '0',
      '--policy',
      'static:40,karpenter',
    );

    expect(out).toMatch(/static:40 +least/);
    expect(out).toMatch(/karpenter +least .*1091, 76\/154/);
  });

  it('ends with 1 when builds never find a node', async () => {
    const stuck = join(folder, 'stuck.jsonl');
    const job = { arrivedAt: FIRST_MONDAY, durationSeconds: 2_000_000, cpuMillis: 3000, memoryMiB: 100 };
    await writeFile(stuck, `${JSON.stringify(job)}\n${JSON.stringify(job)}\n`);

    expect((await run(stuck, '--policy', 'static:1', '--train-days', '0')).code).toBe(1);
  });

  it.each([
    { args: [], want: 'one trace file or --load' },
    { args: ['a', 'b'], want: 'one trace file' },
    { args: ['a', '--load', 'harder'], want: 'one trace file' },
    { args: ['--load', 'light'], want: 'table-like or harder' },
    { args: ['--load', 'harder', '--policy', 'magic'], want: 'not "magic"' },
    { args: ['--load', 'harder', '--policy', 'toString'], want: 'not "toString"' },
    { args: ['--load', 'harder', '--policy', 'static:x'], want: 'a number from 1' },
    { args: ['--load', 'harder', '--placement', 'tight'], want: 'soft-taint, not "tight"' },
    { args: ['--load', 'harder', '--plot', 'picture.png'], want: 'FILE.svg' },
    { args: ['--load', 'harder', '--plot', 'text', '--json'], want: 'FILE.svg' },
    { args: ['--load', 'harder', '--node', 'small'], want: '--node' },
    { args: ['--load', 'harder', '--boot-seconds', '-1'], want: '--boot-seconds' },
    {
      args: ['--load', 'harder', '--decisions', 'x', '--policy', 'sqrt,forecast'],
      want: 'exactly one --policy',
    },
    { args: ['/nowhere/at/all'], want: 'cannot read the trace' },
  ])('refuses $args: $want', async ({ args, want }) => {
    const refused = await run(...args).catch((error: unknown) => error);

    expect(refused).toBeInstanceOf(UsageError);
    expect((refused as UsageError).message).toContain(want);
  });
});
