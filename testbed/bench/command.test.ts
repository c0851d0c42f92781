import { runCommand } from '@hangar/shared/program/command';
import type { CommandContext } from '@hangar/shared/program/context';
import { FakeClock } from '@hangar/shared/testing/fake-clock';
import { fakeContext } from '@hangar/shared/testing/fake-context';
import { describe, expect, it } from 'vitest';
import { type Bench, type BenchOptions, benchCommand, runParts, Stalled } from './command.ts';
import { rowOf } from './measure.ts';
import { benchReportText, markersOf, pageWith, reportMarkdown, rewritten } from './report.ts';

const outcome = { data: { rows: [] }, text: 'a table', markdown: '', ok: true };
const bench = (run: Bench['run']): Bench => ({
  ...{ name: 'gaps', summary: 'gaps', notes: '', page: 'none.md', parts: ['gate', 'swap'] },
  run,
});
const runBench = (one: Bench, args: readonly string[], context: CommandContext) =>
  runCommand(benchCommand(one), args, context);

describe('the options of a bench', () => {
  const all = { quick: false, only: [] };

  /** What the bench receives; undefined when it is not run. */
  async function received(args: readonly string[]) {
    const context = fakeContext();
    let options: BenchOptions | undefined;
    const code = await runBench(
      bench((given) => {
        options = given;
        return Promise.resolve(outcome);
      }),
      args,
      context,
    );
    return { options, code, context };
  }

  it.each([
    { args: [], want: all, json: false },
    { args: ['--quick', '--json'], want: { ...all, quick: true }, json: true },
    {
      args: ['--only', 'gate', 'swap', '--quick'],
      want: { quick: true, only: ['gate', 'swap'] },
      json: false,
    },
    { args: ['--only', 'gate,swap'], want: { ...all, only: ['gate', 'swap'] }, json: false },
  ])('are parsed from $args', async ({ args, want, json }) => {
    const { options, context } = await received(args);
    expect(options).toEqual(want);
    expect(context.printed.join('').startsWith('{')).toBe(json);
  });

  it('--write-docs is refused by a bench without a page, before it runs', async () => {
    const context = fakeContext();
    const { page: _page, ...pageless } = bench(() => Promise.reject(new Error('it ran')));

    expect(await runBench(pageless, ['--write-docs'], context)).toBe(2);
    expect(context.complained.join('')).toContain('gaps writes no page');
  });

  it('--write-docs writes the page of the bench', async () => {
    const { options, code, context } = await received(['--write-docs']);
    expect(options).toEqual(all);
    expect(code).toBe(1);
    expect(context.complained.join('')).toContain('docs/none.md');
  });

  it('--write-docs with --only runs a bench whose parts have blocks of their own', async () => {
    const given: BenchOptions[] = [];
    const one = bench((options) => {
      given.push(options);
      return Promise.resolve(outcome);
    });
    await runBench({ ...one, writesParts: true }, ['--write-docs', '--only', 'gate'], fakeContext());
    expect(given).toEqual([{ quick: false, only: ['gate'] }]);
  });

  it.each([
    { args: ['--only', 'gates'], want: 'there is no bench gates; there are: gate, swap' },
    { args: ['--write-docs', '--only', 'gate'], want: 'leave out --only' },
    { args: ['--slow'], want: '--slow' },
  ])('$args is refused with the reason', async ({ args, want }) => {
    const { options, code, context } = await received(args);
    expect(options).toBeUndefined();
    expect(code).toBe(2);
    expect(context.complained.join('')).toContain(want);
  });
});

const markers = markersOf('steps');
const page = `# Head\n\n${markers.begin}\n\nold\n\n${markers.end}\n\ntail\n`;

describe('rewritten', () => {
  it('puts the new text in place of the old, and leaves the rest as it is', () => {
    expect(rewritten(page, markers, 'new\n')).toBe(page.replace('old', 'new'));
  });

  it('written twice is written once', () => {
    expect(rewritten(rewritten(page, markers, 'a'), markers, 'a')).toBe(rewritten(page, markers, 'a'));
  });

  it('takes dollar signs as they stand', () => {
    expect(rewritten(page, markers, "$& $'")).toContain("$& $'");
  });

  it.each([
    ['a page of another bench', markersOf('replay')],
    ['markers the wrong way round', { begin: markers.end, end: markers.begin }],
  ])('refuses %s, and says which lines it needs', (_, other) => {
    expect(() => rewritten(page, other, 'new')).toThrow(other.begin);
  });
});

describe('pageWith', () => {
  const block = (part: string, text: string): string => {
    const { begin, end } = markersOf('capacity', part);
    return `${begin}\n\n${text}\n\n${end}`;
  };

  it('puts the text of a bench into its block', () => {
    expect(pageWith(page, 'steps', 'new')).toBe(page.replace('old', 'new'));
  });

  it('puts each part into its own block, and leaves the blocks of other parts', () => {
    const blocks = `${block('cost', 'old')}\n${block('bound', 'old')}`;
    expect(pageWith(blocks, 'capacity', { bound: 'new' })).toBe(
      `${block('cost', 'old')}\n${block('bound', 'new')}`,
    );
    expect(() => pageWith(blocks, 'capacity', { speed: 'new' })).toThrow('--only speed --write-docs');
  });
});

const circumstances = {
  at: '2026-11-25 21:00 UTC',
  cores: 2,
  memoryBytes: 24 * 2 ** 30,
  cpu: 'a processor',
  kernel: '6.18',
  node: 'v24.0.0',
  quick: true,
};
const measured = { name: 'gap', unit: 'ms', values: [4], targets: [], note: '' } as const;
const rows = [rowOf('gate', measured, 0.4), rowOf('swap', measured, 6)];
const failures = [{ bench: 'cold', text: 'no registry' }];

describe('a report', () => {
  it('contains the machine, the load, and what failed', () => {
    const page = reportMarkdown({ circumstances, rows, failures });
    expect(page).toContain(
      'Measured 2026-11-25 21:00 UTC, 2 cores (a processor), 24 GiB, Linux 6.18, Node.js v24.0.0, --quick: few repetitions.',
    );
    expect(page).toContain('Load average during the run: 0.4 to 6.0.');
    expect(page).toContain('FAILED cold: no registry');
  });

  it('of nothing but failures is no error', () => {
    const report = { circumstances: { ...circumstances, quick: false }, rows: [], failures };
    expect(benchReportText(report)).toContain('FAILED cold: no registry');
    expect(reportMarkdown(report)).not.toMatch(/Infinity|quick/);
  });
});

/** A terminal that keeps its output. */
function quietTerminal() {
  const stop = new AbortController();
  const printed: string[] = [];
  const complaints: string[] = [];
  const terminal = {
    clock: new FakeClock(),
    print: (text: string) => void printed.push(text),
    complain: (text: string) => void complaints.push(text),
    stop: stop.signal,
  };
  return { terminal, printed, complaints, interrupt: () => stop.abort(new Error('interrupted')) };
}

const part = (name: string, failure?: Error) => ({
  name,
  what: name,
  run: () => (failure ? Promise.reject(failure) : Promise.resolve([{ ...measured, name }])),
});

describe('the parts of a bench', () => {
  it('that fail do not stop the next', async () => {
    const { rows, failures } = await runParts(
      [part('swap', new Error('no image')), part('gate')],
      {},
      quietTerminal().terminal,
    );
    expect(rows.map(({ name }) => name)).toEqual(['gate']);
    expect(failures).toEqual([{ bench: 'swap', text: 'no image' }]);
  });

  it('that timed out waiting are the last: the next would wait as well', async () => {
    const { rows, failures } = await runParts(
      [part('gate'), part('swap', new Stalled('waited 120 s in vain until the runner asks')), part('cold')],
      {},
      quietTerminal().terminal,
    );
    expect(rows.map(({ name }) => name)).toEqual(['gate']);
    expect(failures).toEqual([
      {
        bench: 'swap',
        text: 'waited 120 s in vain until the runner asks (what comes after it was left out)',
      },
    ]);
  });

  it('are over when a person wants to stop', async () => {
    const { terminal, interrupt } = quietTerminal();
    const stopped = { ...part('gate'), run: () => Promise.resolve(interrupt()).then(() => [measured]) };
    await expect(runParts([stopped], {}, terminal)).rejects.toThrow('interrupted');
  });
});

describe('a bench', () => {
  it.each([
    { what: 'all went well', ok: true, args: [], code: 0, print: /^a table$/ },
    { what: 'something did not work', ok: false, args: [], code: 1, print: /^a table$/ },
    {
      what: 'a program asks',
      ok: true,
      args: ['--json'],
      code: 0,
      print: /^\{\s+"circumstances": .*"rows": /s,
    },
  ])('exits with $code where $what', async ({ ok, args, code, print }) => {
    const context = fakeContext();
    const run = () => Promise.resolve({ ...outcome, ok });
    expect(await runBench(bench(run), args, context)).toBe(code);
    expect(context.printed.join('')).toMatch(print);
  });

  it('is not run with an invalid command line', async () => {
    const context = fakeContext();
    const never = bench(() => Promise.reject(new Error('it was run')));
    expect(await runBench(never, ['--only', 'gates'], context)).toBe(2);
    expect(context.complained.join('')).toMatch(/bench -- gaps: there is no bench gates.*--help$/s);
    expect(context.printed).toEqual([]);
  });

  it('exits with 130 when it was interrupted, and fails with its error when it was not', async () => {
    const stop = new AbortController();
    const context = fakeContext({}, { stopSignal: () => stop.signal });
    const fails = bench(() => Promise.reject(new Error('broken')));
    expect(await runBench(fails, [], context)).toBe(1);
    expect(context.complained.join('')).toContain('broken');
    stop.abort(new Error('interrupted'));
    expect(await runBench(fails, [], context)).toBe(130);
  });
});
