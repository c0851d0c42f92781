import { readFile, writeFile } from 'node:fs/promises';
import { loadavg } from 'node:os';
import type { BenchCommand, Terminal } from '../command.ts';
import { markersOf, rewritten } from '../measure/document.ts';
import { type Row, rowOf } from '../measure/row.ts';
import { markdownTable, textTable } from '../measure/table.ts';
import { readOptions, type StepsOptions } from '../steps/options.ts';
import { circumstancesText } from '../steps/report.ts';
import { circumstances } from '../steps/steps.ts';
import { type Compared, playActView, SCENES } from './comparison.ts';
import { comparisonMarkdown, comparisonText } from './comparison-table.ts';
import { SPEED_BENCHES } from './speed.ts';

const PAGE = new URL('../../../docs/capacity-bench.md', import.meta.url);
const EXIT = { ok: 0, failed: 1, usage: 2, interrupted: 130 } as const;
/** Nothing was tuned on these. */
const SEEDS = [7001, 7002, 7003] as const;
const PARTS = ['policies', ...SPEED_BENCHES.map(({ name }) => name)];

const HELP = `npm run bench -- capacity [--quick] [--json] [--only NAME...] [--write-docs]

Policies side by side on the made-up loads of docs/capacity-bench.md (seeds ${SEEDS.join(', ')}, 28 days each, the last 14 count), and how
fast simulation, tick and scraping are, beside the targets. Needs no cluster. About fifteen minutes; figures and timings never
fail it: exit code 1 means that something did not work.

  --quick        one seed, fewer repetitions: about five minutes
  --json         one JSON object in place of the tables
  --write-docs   write the tables into docs/capacity-bench.md
  --only NAME... only these: ${PARTS.join(' ')}
`;

interface Report {
  readonly seeds: readonly number[];
  readonly policies: readonly Compared[];
  readonly speed: readonly Row[];
  readonly failures: readonly string[];
}

const loadAverage = (): number => Math.round((loadavg()[0] ?? 0) * 100) / 100;

async function runAll({ only, quick }: StepsOptions, { complain: say, stop }: Terminal): Promise<Report> {
  const isAsked = (name: string): boolean => only.length === 0 || only.includes(name);
  const seeds = quick ? SEEDS.slice(0, 1) : SEEDS;
  const speed: Row[] = [];
  const failures: string[] = [];
  for (const bench of SPEED_BENCHES.filter(({ name }) => isAsked(name))) {
    say(`bench: ${bench.name}`);
    try {
      const measured = await bench.run({ quick, stop });
      speed.push(...measured.map((one) => rowOf(bench.name, one, loadAverage())));
    } catch (error) {
      stop.throwIfAborted();
      failures.push(`${bench.name}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  const policies: Compared[] = [];
  for (const actView of isAsked('policies') ? SCENES : [])
    policies.push(...(await playActView(actView, seeds, { say, stop })));
  return { seeds, policies, speed, failures };
}

const failureLines = (failures: readonly string[]): readonly string[] =>
  failures.map((text) => `FAILED ${text}`);

async function runCapacity(options: StepsOptions, terminal: Terminal): Promise<number> {
  const measured = circumstances(options.quick);
  let report: Report;
  try {
    report = await runAll(options, terminal);
  } catch (error) {
    if (terminal.stop.aborted) return EXIT.interrupted;
    throw error;
  }
  const { policies, speed, failures, seeds } = report;
  const head = `Measured ${circumstancesText(measured)}. Seeds ${seeds.join(', ')}.`;
  const text = [comparisonText(policies), textTable(speed), ...failureLines(failures), head];
  terminal.print(
    options.json ? JSON.stringify({ circumstances: measured, ...report }, undefined, 2) : text.join('\n\n'),
  );
  if (options.writeDocs) {
    const page = await readFile(PAGE, 'utf8');
    const parts = [
      head,
      comparisonMarkdown(policies),
      '### Speed',
      markdownTable(speed),
      ...failureLines(failures),
    ];
    await writeFile(PAGE, rewritten(page, markersOf('capacity'), parts.join('\n\n')));
  }
  return failures.length > 0 ? EXIT.failed : EXIT.ok;
}

/** `npm run bench -- capacity`. */
export const capacityCommand: BenchCommand = {
  name: 'capacity',
  what: 'sizing policies side by side, and the speed of simulation, tick and scraping',
  help: HELP,
  run: async (args, terminal) => {
    const asked = readOptions(args, PARTS);
    if (asked.kind === 'run') return runCapacity(asked.options, terminal);
    terminal.complain(`bench capacity: ${asked.text}\n\n${HELP}`);
    return EXIT.usage;
  },
};
