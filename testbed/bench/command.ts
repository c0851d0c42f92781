import { readFile, writeFile } from 'node:fs/promises';
import { loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import type { Clock } from '@hangar/shared/clock';
import { errorText } from '@hangar/shared/error-text';
import { type Measured, rowOf } from './measure.ts';
import {
  type BenchFailure,
  type Circumstances,
  circumstancesAt,
  markersOf,
  type Results,
  rewritten,
} from './report.ts';

/** What a bench may use of the process. */
export interface BenchTerminal {
  readonly clock: Clock;
  /** To standard output: results. */
  readonly print: (text: string) => void;
  /** To standard error: progress and complaints. */
  readonly complain: (text: string) => void;
  /** Aborted: tidy up and return. */
  readonly stop: AbortSignal;
}

/** What a person asked of a bench. */
export interface BenchOptions {
  /** JSON in place of the table on standard output. */
  readonly json: boolean;
  /** Fewer repetitions. */
  readonly quick: boolean;
  /** Write the table into the bench's page of docs/. */
  readonly writeDocs: boolean;
  /** Names of its parts; all when empty. */
  readonly only: readonly string[];
}

/** What a run of a bench came to, in its three forms. */
export interface BenchOutcome {
  /** For programs, beside the circumstances. */
  readonly data: object;
  readonly text: string;
  readonly markdown: string;
  /** False: something did not work, whatever the timings. */
  readonly ok: boolean;
}

/** One word after `npm run bench --`. */
export interface BenchCommand {
  readonly name: string;
  /** Half a line for the overview. */
  readonly what: string;
  readonly help: string;
  /** The page of docs/ that `--write-docs` rewrites. */
  readonly page: string;
  /** Names that `--only` takes; none: it is one whole. */
  readonly parts: readonly string[];
  /** Rejects with the reason of `terminal.stop` when that is aborted, tidied up. */
  run(options: BenchOptions, circumstances: Circumstances, terminal: BenchTerminal): Promise<BenchOutcome>;
}

/** What the command line says; `wrong` carries the reason. */
export type Asked =
  | { readonly kind: 'run'; readonly options: BenchOptions }
  | { readonly kind: 'wrong'; readonly text: string };

const EXIT = { ok: 0, failed: 1, usage: 2, interrupted: 130 } as const;
const FLAG = { type: 'boolean', default: false } as const;

/** Reads the arguments after the name of a bench; `known` are the names that `--only` takes. Never throws. */
export function readOptions(args: readonly string[], known: readonly string[]): Asked {
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        json: FLAG,
        quick: FLAG,
        'write-docs': FLAG,
        only: { type: 'string', multiple: true, default: [] },
      },
    });
    // `--only a b`: parseArgs leaves all but the first name as positionals.
    const only = [...values.only.flatMap((names) => names.split(',')), ...positionals];
    const { json, quick, 'write-docs': writeDocs } = values;
    return checked({ json, quick, writeDocs, only }, known);
  } catch (error) {
    return { kind: 'wrong', text: errorText(error) };
  }
}

function checked(options: BenchOptions, known: readonly string[]): Asked {
  const { only, writeDocs } = options;
  const strange = only.filter((name) => !known.includes(name));
  if (strange.length > 0)
    return {
      kind: 'wrong',
      text: `there is no bench ${strange.join(', ')}; there are: ${known.join(', ') || 'none'}`,
    };
  if (writeDocs && only.length > 0)
    return { kind: 'wrong', text: '--write-docs writes the whole table: leave out --only' };
  return { kind: 'run', options };
}

/** Runs a bench as its command line asks. @returns the exit code */
export async function runBench(
  bench: BenchCommand,
  args: readonly string[],
  terminal: BenchTerminal,
): Promise<number> {
  const { name, help, parts, page } = bench;
  const asked = readOptions(args, parts);
  if (asked.kind === 'wrong') {
    terminal.complain(`bench ${name}: ${asked.text}\n\n${help}`);
    return EXIT.usage;
  }
  const { options } = asked;
  const circumstances = circumstancesAt(terminal.clock.now(), options.quick);
  try {
    const { data, text, markdown, ok } = await bench.run(options, circumstances, terminal);
    terminal.print(options.json ? JSON.stringify({ circumstances, ...data }, undefined, 2) : text);
    if (options.writeDocs) {
      const path = new URL(`../../docs/${page}`, import.meta.url);
      await writeFile(path, rewritten(await readFile(path, 'utf8'), markersOf(name), markdown));
    }
    return ok ? EXIT.ok : EXIT.failed;
  } catch (error) {
    if (terminal.stop.aborted) return EXIT.interrupted;
    throw error;
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

/** What was awaited has not come: whatever is tried next would wait in vain as well. */
export class Stalled extends Error {
  override readonly name = 'Stalled';
}

const loadAverage = (): number => Math.round((loadavg()[0] ?? 0) * 100) / 100;

/** One part after another. One that fails does not stop the next, unless it waited in vain. Rejects when it is to stop. */
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
