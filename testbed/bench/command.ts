import { readFile, writeFile } from 'node:fs/promises';
import { loadavg } from 'node:os';
import type { Clock } from '@hangar/shared/clock';
import { errorText } from '@hangar/shared/error-text';
import { type Command, command } from '@hangar/shared/program/command';
import { CommandError, UsageError } from '@hangar/shared/program/command-error';
import type { CommandContext } from '@hangar/shared/program/context';
import { EXIT, type ExitCode } from '@hangar/shared/program/exit-codes';
import { flag, repeated } from '@hangar/shared/program/options';
import { type Measured, rowOf } from './measure.ts';
import {
  type BenchFailure,
  benchReportText,
  type Circumstances,
  circumstancesAt,
  pageWith,
  type Results,
  reportMarkdown,
} from './report.ts';

/** What a bench uses of the process. */
export interface BenchTerminal {
  readonly clock: Clock;
  /** To standard output: results. */
  readonly print: (text: string) => void;
  /** To standard error: progress and complaints. */
  readonly complain: (text: string) => void;
  /** Aborted: clean up and return. */
  readonly stop: AbortSignal;
}

/** The parsed options of a bench. */
export interface BenchOptions {
  readonly quick: boolean;
  /** Names of its parts; all when empty. */
  readonly only: readonly string[];
}

/** The result of a bench, in its three forms. */
export interface BenchOutcome {
  /** For programs, beside the circumstances. */
  readonly data: object;
  readonly text: string;
  /** For the page; by the name of the part where each part has its own block. */
  readonly markdown: string | Readonly<Record<string, string>>;
  /** False: something did not work, whatever the timings. */
  readonly ok: boolean;
  /** Pictures for docs/, by file name; written with the page. */
  readonly files?: Readonly<Record<string, string>>;
}

/** One word after `npm run bench --`. */
export interface Bench {
  readonly name: string;
  readonly summary: string;
  readonly notes: string;
  /** The page of docs/ that `--write-docs` rewrites; undefined: it has none. */
  readonly page?: string;
  /** Names that `--only` takes; none: it is one whole. */
  readonly parts: readonly string[];
  /** Each part has its own block of the page, which `--only NAME --write-docs` rewrites. */
  readonly writesParts?: boolean;
  /** Rejects with the reason of `terminal.stop` when that is aborted, after its cleanup. */
  run(options: BenchOptions, circumstances: Circumstances, terminal: BenchTerminal): Promise<BenchOutcome>;
}

/** Name of the program with all benches. */
export const BENCH = 'npm run bench --';

/** Cleaning up a real cluster takes some seconds; a second signal ends it at once. */
const LONGEST_CLEANUP_MS = 60_000;

const OPTIONS = {
  quick: flag('fewer repetitions'),
  json: flag('one JSON object instead of the table'),
  'write-docs': flag("write the table into the bench's page of docs/"),
  only: repeated('NAME', 'only these parts', (names) => names.split(',')),
};

/** The command of a bench. */
export function benchCommand(bench: Bench): Command {
  const { name, summary, notes, parts } = bench;
  return command({
    ...{ name: `${BENCH} ${name}`, summary, notes, options: OPTIONS, words: '[NAME...]' },
    examples: [
      `${BENCH} ${name} --quick`,
      ...parts.slice(0, 1).map((part) => `${BENCH} ${name} --only ${part}`),
    ],
    exits: { ok: 'everything worked', failed: 'something did not work', interrupted: 'interrupted' },
    run: async ({ options, words }, context) => {
      // `--only a b`: all but the first name are arguments.
      const only = [...options.only.flat(), ...words];
      const strange = only.filter((one) => !parts.includes(one));
      if (strange.length > 0)
        throw new UsageError(
          `there is no bench ${strange.join(', ')}; there are: ${parts.join(', ') || 'none'}`,
        );
      const writeDocs = options['write-docs'] === true;
      if (writeDocs && only.length > 0 && bench.writesParts !== true)
        throw new UsageError('--write-docs writes the whole table: leave out --only');
      if (writeDocs && bench.page === undefined)
        throw new UsageError(`${name} writes no page: leave out --write-docs`);
      const form = { json: options.json === true, writeDocs };
      return runBench(bench, { quick: options.quick === true, only }, form, context);
    },
  });
}

async function runBench(
  bench: Bench,
  options: BenchOptions,
  { json, writeDocs }: { readonly json: boolean; readonly writeDocs: boolean },
  { clock, print, complain, stopSignal }: CommandContext,
): Promise<ExitCode> {
  const stop = stopSignal();
  stop.addEventListener('abort', () => clock.after(LONGEST_CLEANUP_MS, () => process.exit(EXIT.interrupted)));
  const circumstances = circumstancesAt(clock.now(), options.quick);
  try {
    const terminal = { clock, print, complain, stop };
    const { data, text, markdown, ok, files = {} } = await bench.run(options, circumstances, terminal);
    print(json ? JSON.stringify({ circumstances, ...data }, undefined, 2) : text);
    if (writeDocs && bench.page !== undefined) {
      const path = new URL(`../../docs/${bench.page}`, import.meta.url);
      await writeFile(path, pageWith(await readFile(path, 'utf8'), bench.name, markdown));
      for (const [name, content] of Object.entries(files))
        await writeFile(new URL(`../../docs/${name}`, import.meta.url), content);
    }
    return ok ? EXIT.ok : EXIT.failed;
  } catch (error) {
    if (stop.aborted) return EXIT.interrupted;
    throw new CommandError(EXIT.failed, errorText(error));
  }
}

/** One question of a bench, answered by measurement. */
export interface BenchPart<Run> {
  /** For `--only`. */
  readonly name: string;
  readonly what: string;
  /** Rejects when something didn't work; a slow machine is no such thing. */
  run(run: Run): Promise<readonly Measured[]>;
}

/** An awaited condition did not become true: the next part would time out as well. */
export class Stalled extends Error {
  override readonly name = 'Stalled';
}

const loadAverage = (): number => Math.round((loadavg()[0] ?? 0) * 100) / 100;

/**
 * Runs the named parts, all where none is named, and reports them.
 *
 * @param circumstances as `Bench.run` gets them
 */
export async function outcomeOf<Run>(
  { parts, run }: { readonly parts: readonly BenchPart<Run>[]; readonly run: Run },
  { only }: Pick<BenchOptions, 'only'>,
  circumstances: Circumstances,
  terminal: BenchTerminal,
): Promise<BenchOutcome> {
  const named = parts.filter(({ name }) => only.length === 0 || only.includes(name));
  const results = await runParts(named, run, terminal);
  const report = { circumstances, ...results };
  return {
    data: results,
    text: benchReportText(report),
    markdown: reportMarkdown(report),
    ok: results.failures.length === 0,
  };
}

/** Runs one part after another. A failure does not stop the next one, unless it timed out waiting. Rejects when the signal is aborted. */
export async function runParts<Run>(
  parts: readonly BenchPart<Run>[],
  run: Run,
  { clock, complain: say, stop }: BenchTerminal,
): Promise<Results> {
  const rows: Results['rows'][number][] = [];
  const failures: BenchFailure[] = [];
  for (const part of parts) {
    const { name, what } = part;
    say(`bench: ${name}: ${what}`);
    const beganMs = clock.monotonicMs();
    try {
      const measured = await part.run(run);
      rows.push(...measured.map((one) => rowOf(name, one, loadAverage())));
    } catch (error) {
      stop.throwIfAborted();
      const isOver = error instanceof Stalled && part !== parts.at(-1);
      const text = isOver ? `${errorText(error)} (what comes after it was left out)` : errorText(error);
      failures.push({ bench: name, text });
      say(`bench: ${name} FAILED: ${text}`);
      if (isOver) break;
    }
    say(`bench: ${name}: ${((clock.monotonicMs() - beganMs) / 1000).toFixed(1)} s, load ${loadAverage()}`);
  }
  stop.throwIfAborted();
  return { rows, failures };
}
