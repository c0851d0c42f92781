import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { UsageError } from '@hangar/shared/program/command-error';
import { fakeContext } from '@hangar/shared/testing/fake-context';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FIRST_MONDAY, generateLoad } from '../trace/generate.ts';
import { formatTraceLine } from '../trace/trace-line.ts';
import { REPLAY } from './replay.ts';

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
  const context = fakeContext(
    {},
    {
      print: (text) => void (said.out += `${text}\n`),
      complain: (text) => void (said.err += `${text}\n`),
      showProgress: (text) => void (said.err += text),
    },
  );
  return { code: await REPLAY.run(args, context), ...said };
}

/** Six policies simulate two days in 3 s here, and in several times that on a busy machine. */
const TIMEOUT_MS = 30_000;

describe('replay', { timeout: TIMEOUT_MS }, () => {
  it('replays a file, names its damaged lines, shows progress on standard error and prints data', async () => {
    const { code, out, err } = await run(trace, '--policy', 'karpenter', '--train-days', '1', '--json');

    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({
      policy: 'karpenter',
      placement: 'least',
      unplaced: 0,
      evicted: 0,
      forecastError: null,
    });
    expect(err).toContain('skipped: it is not JSON');
    expect(err).toContain('karpenter: ');
  });

  it('reports when nothing is left to count, and not while a day is left', async () => {
    const after = (days: string) => run(trace, '--policy', 'static:9', '--train-days', days, '--json');

    expect((await after('2')).err).toContain('the trace has 2 days, and the first 2 are for training');
    expect((await after('1')).err).not.toContain('evaluate');
  });

  it('learns from half of a short trace by default, and reports it', async () => {
    const asked = await run(trace, '--policy', 'karpenter', '--train-days', '1');
    const left = await run(trace, '--policy', 'karpenter');

    expect(left.out).toBe(asked.out);
    expect(left.out).toMatch(/^\d+ builds after 1 day for training; /);
    expect(left.err).toContain('the trace has 2 days: 1 day for training, the rest is evaluated');
    expect(asked.err).not.toContain('evaluated');
  });

  it('replays several files as one, in any order and compressed or not', async () => {
    const lines = (await readFile(trace, 'utf8')).split('\n');
    const [one, other] = [join(folder, 'later.jsonl'), join(folder, 'earlier.jsonl.gz')];
    await writeFile(one, lines.slice(300).join('\n'));
    await writeFile(other, gzipSync(lines.slice(0, 300).join('\n')));
    const words = ['--policy', 'sqrt', '--json'];

    const parts = await run(...words, '--trace', one, other);
    expect(parts.out).toBe((await run(...words, trace)).out);
    expect(parts.err).toMatch(/later\.jsonl:\d+: skipped:/);
  });

  it('names all damaged lines by number, and the mistake in the first', async () => {
    const damaged = join(folder, 'damaged.jsonl');
    const good = (await readFile(trace, 'utf8')).split('\n').slice(0, 50);
    await writeFile(damaged, [...good, ...Array<string>(30).fill('x'), ...good, 'x'].join('\n'));
    const { err } = await run(damaged, '--policy', 'static:9');

    expect(err.match(/damaged\.jsonl:\d+: skipped:/g)).toHaveLength(20);
    expect(err).toContain('damaged.jsonl: 11 more lines skipped: 71 to 80, 131\n');
  });

  it('reports each policy under the name by which it was requested', async () => {
    const names = ['karpenter-buffer', 'karpenter-buffer-sqrt', 'look-ahead', 'static:7'];
    const { out } = await run(trace, '--policy', names.join(','), '--json');
    const answers = JSON.parse(out) as { policy: string; forecastError: number | null }[];

    expect(answers.map(({ policy }) => policy)).toEqual(names);
    // The policy with the forecast reports its error; the one with the rule has none.
    expect(answers.map(({ forecastError }) => forecastError === null)).toEqual([false, true, true, true]);
  });

  it.each(['--decisions', '--plot'])(
    'checks before the replay whether %s FILE can be written',
    async (option) => {
      const refused = await run(trace, '--policy', 'sqrt', option, '/nowhere/at/all.svg').catch(
        (error: unknown) => error,
      );

      expect(refused).toBeInstanceOf(UsageError);
      expect((refused as UsageError).message).toContain('cannot write /nowhere/at/all.svg: ENOENT');
    },
  );

  it('prints the answer also when the disk is full at the end, and exits with 1', async () => {
    const { code, out, err } = await run(trace, '--policy', 'sqrt', '--json', '--decisions', '/dev/full');

    expect(code).toBe(1);
    expect(JSON.parse(out)).toMatchObject({ policy: 'sqrt' });
    expect(err).toContain('the output is incomplete: ENOSPC');
  });

  it('writes the desired pool size over time, counted from the first midnight', async () => {
    const decisions = join(folder, 'decisions.jsonl');
    await run('--trace', trace, '--policy', 'forecast', '--train-days', '1', '--decisions', decisions);
    const lines = (await readFile(decisions, 'utf8'))
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { at: number; nodes: number });

    expect(lines.length).toBeGreaterThan(20);
    expect(lines[0]?.at).toBeLessThan(86_400);
    expect(lines.every(({ at }) => at === Number(at.toFixed(3)))).toBe(true);
    expect(
      lines.every(({ at, nodes }, index) => at >= (lines[index - 1]?.at ?? 0) && Number.isInteger(nodes)),
    ).toBe(true);
  });

  it('plots nodes over time, as text or as a picture', async () => {
    const picture = join(folder, 'plot.svg');
    const words = ['--trace', trace, '--policy', 'static:9,karpenter', '--train-days', '1', '--plot'];

    expect((await run(...words, 'text')).out).toMatch(/static:9 +│▅+│ up to 9\n/);
    await run(...words, picture);
    expect(await readFile(picture, 'utf8')).toMatch(/^<svg [^]*polyline[^]*karpenter<\/text>\n<\/svg>\n$/);
  });

  it('accepts every flag of its help, and answers with these fields and no others', async () => {
    const words = `--trace ${trace} --node 8cpu-16gb --boot-seconds 60 --policy forecast --placement least --train-days 1
      --objective-p95-seconds 20 --cold-seconds 30 --seed 4 --decisions ${join(folder, 'd')} --json`;
    const { out } = await run(...words.split(/\s+/));
    const answer = JSON.parse(out) as { waitSeconds: object; jobs: number; coldStarts: number };

    expect(Object.keys(answer)).toEqual(
      'policy placement jobs nodeHours billedNodeHours nodeHoursPer1000Jobs waitSeconds worstHourP95 peakNodes boots coldStarts evicted unplaced tooLarge forecastError'.split(
        ' ',
      ),
    );
    expect(Object.keys(answer.waitSeconds)).toEqual(['mean', 'p50', 'p95', 'p99', 'max']);
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

  it('prints policies side by side', async () => {
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
    expect(out).toMatch(/karpenter +least +\d+ /);
    expect(out).not.toContain('reference');
  });

  it('wants no node for builds that are larger than one, not even with the clairvoyant policy', async () => {
    const mixed = join(folder, 'mixed.jsonl');
    const small = { arrivedAt: FIRST_MONDAY, durationSeconds: 600, cpuMillis: 1000, memoryMiB: 100 };
    const later = { ...small, arrivedAt: FIRST_MONDAY + 3000 };
    const large = { ...small, arrivedAt: FIRST_MONDAY + 1500, cpuMillis: 64_000 };
    await writeFile(
      mixed,
      [small, ...Array<object>(9).fill(large), later].map((job) => JSON.stringify(job)).join('\n'),
    );
    const peak = async (policy: string): Promise<number> => {
      const { out } = await run(mixed, '--policy', policy, '--json');
      const { jobs, tooLarge, peakNodes } = JSON.parse(out) as Record<string, number>;
      expect({ jobs, tooLarge }).toEqual({ jobs: 2, tooLarge: 9 });
      return peakNodes ?? 0;
    };

    expect(await peak('clairvoyant')).toBe(1);
    expect(await peak('sqrt')).toBeLessThan(5);
  });

  it('exits with 1 when builds never find a node', async () => {
    const stuck = join(folder, 'stuck.jsonl');
    const job = { arrivedAt: FIRST_MONDAY, durationSeconds: 2_000_000, cpuMillis: 3000, memoryMiB: 100 };
    await writeFile(stuck, `${JSON.stringify(job)}\n${JSON.stringify(job)}\n`);

    const { code, out } = await run(stuck, '--policy', 'static:1', '--train-days', '0', '--json');
    expect(code).toBe(1);
    expect(JSON.parse(out)).toMatchObject({ jobs: 2, unplaced: 1 });
  });

  it.each([
    { args: [], want: 'either a trace FILE or --load' },
    { args: ['a', '--load', 'harder'], want: 'either a trace FILE' },
    { args: ['a', '--days', '3'], want: '--days is for generated builds' },
    { args: ['a', '--known-share', '1'], want: '--known-share is for generated builds' },
    { args: ['a', '--named'], want: '--named is for generated builds' },
    { args: ['--load', 'harder', '--known-seconds', '60'], want: 'requires --known-share' },
    { args: ['--load', 'light'], want: 'table-like or harder' },
    { args: ['--load', 'harder', '--policy', 'magic'], want: 'not "magic"' },
    { args: ['--load', 'harder', '--policy', 'toString'], want: 'not "toString"' },
    { args: ['--load', 'harder', '--policy', 'static:x'], want: 'a whole number from 1' },
    { args: ['--load', 'harder', '--placement', 'tight'], want: 'soft-taint, not "tight"' },
    { args: ['--load', 'harder', '--plot', 'picture.png'], want: 'FILE.svg' },
    { args: ['--load', 'harder', '--plot', 'text', '--json'], want: 'FILE.svg' },
    { args: ['--load', 'harder', '--node', 'small'], want: '--node' },
    { args: ['--load', 'harder', '--boot-seconds', '-1'], want: 'from 0 to 7200, not "-1"' },
    {
      args: ['--load', 'harder', '--policy', 'static:1.5'],
      want: 'a whole number from 1 to 100000, not "1.5"',
    },
    { args: ['--load', 'harder', '--seed', '1.5'], want: '--seed takes a whole number' },
    { args: ['--load', 'harder', '--decisions', '-', '--policy', 'sqrt'], want: 'a file, not "-"' },
    {
      args: ['--load', 'harder', '--decisions', 'x', '--policy', 'sqrt,forecast'],
      want: 'exactly one --policy',
    },
    { args: ['/nowhere/at/all'], want: 'cannot read the trace /nowhere/at/all: ENOENT' },
    { args: [tmpdir()], want: 'it is a directory; name the files in it' },
    { args: ['/dev/null'], want: 'no job is in /dev/null' },
  ])('rejects $args: $want', async ({ args, want }) => {
    const refused = await run(...args).catch((error: unknown) => error);

    expect(refused).toBeInstanceOf(UsageError);
    expect((refused as UsageError).message).toContain(want);
  });

  describe('of a trace that cannot be meant', () => {
    const written = async (name: string, lines: readonly object[]): Promise<string> => {
      const path = join(folder, name);
      await writeFile(path, lines.map((line) => `${JSON.stringify(line)}\n`).join(''));
      return path;
    };
    const build = (arrivedAt: string, more: object = {}) => ({
      ...{ arrivedAt, durationSeconds: 60, cpuMillis: 1000, memoryMiB: 512 },
      ...more,
    });
    const week = Array.from({ length: 7 }, (_, day) => build(`2026-01-0${day + 1}T08:00:00Z`));

    it('names the line of a stray date and stops, whether it is early or late', async () => {
      const early = await written('early.jsonl', [...week, build('1970-01-01T00:00:00Z')]);
      const late = await written('late.jsonl', [build('2062-01-01T00:00:00Z'), ...week]);

      await expect(run(early, '--policy', 'sqrt')).rejects.toThrow(
        `${early}:8 (1970-01-01T00:00:00.000Z): no other build arrived within 180 days`,
      );
      await expect(run(late, '--policy', 'sqrt')).rejects.toThrow(`${late}:1 (2062-01-01`);
    });

    it('plays a trace with a silent quarter', async () => {
      const quiet = await written('quiet.jsonl', [...week, build('2026-04-01T08:00:00Z')]);

      expect((await run(quiet, '--policy', 'static:2', '--train-days', '0')).code).toBe(0);
    });

    it('names the node when no build fits on it, and plays when one does', async () => {
      const large = week.map((one) => ({ ...one, cpuMillis: 12_000 }));
      const path = await written('large.jsonl', large);
      const some = await written('some.jsonl', [...large, ...week]);

      await expect(run(path, '--policy', 'sqrt')).rejects.toThrow(
        'none of the 7 builds fits on a node 4cpu-8gb: the one with the least CPU requests 12 CPU',
      );
      expect((await run(some, '--policy', 'static:2', '--train-days', '0')).out).toContain(
        '7 builds request more than a whole node and were skipped.',
      );
    });
  });

  it('plays the settings of a file, overridden by the environment', async () => {
    const file = 'serve.env';
    const files = { [file]: 'HANGAR_AUTOSCALER_MIN_NODES=40\nHANGAR_AUTOSCALER_ACT=on\n# a comment\n' };
    const played = async (env: Record<string, string>, ...args: readonly string[]) => {
      const context = fakeContext(files, { env });
      await REPLAY.run([trace, '--policy', 'forecast', '--train-days', '1', '--json', ...args], context);
      return JSON.parse(context.printed.join('')) as { readonly peakNodes: number };
    };

    expect((await played({}, '--env-file', file)).peakNodes).toBe(40);
    expect((await played({})).peakNodes).toBeLessThan(40);
    expect((await played({ HANGAR_AUTOSCALER_MIN_NODES: '50' }, '--env-file', file)).peakNodes).toBe(50);
  });

  it('names every wrong setting', async () => {
    const context = fakeContext({}, { env: { HANGAR_AUTOSCALER_BUFFER_QUANTILE: '2' } });

    await expect(REPLAY.run(['--load', 'harder'], context)).rejects.toThrow(
      'HANGAR_AUTOSCALER_BUFFER_QUANTILE',
    );
  });
});
