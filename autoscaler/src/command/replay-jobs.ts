import type { Job } from '../capacity/job.ts';
import { readTraceFile } from '../edges/trace-file.ts';
import type { Trace } from '../trace/gather.ts';
import { generateLoad, LOAD_NAMES, type LoadName } from '../trace/generate.ts';
import { numberOf, readWhole, readWord, type Written } from './options.ts';
import { type Terminal, UsageError } from './terminal.ts';

/** Options of {@link readJobs}, as `node:util` describes them. */
export const JOB_OPTIONS = {
  trace: { type: 'string', multiple: true },
  load: { type: 'string' },
  days: { type: 'string' },
  'known-share': { type: 'string' },
  'known-seconds': { type: 'string' },
} as const;

/** Of no meaning for builds that are recorded. */
const MADE_UP_ONLY = ['days', 'known-share', 'known-seconds'];
const DAY = 86_400;

/** What a command line wants played: files, or a load that is made up. */
export type JobOrder =
  | { readonly files: readonly string[] }
  | {
      readonly load: LoadName;
      readonly days: number;
      readonly knownShare: number;
      readonly knownSeconds: number;
    };

/**
 * What the command line wants played; nothing is read yet.
 *
 * @throws {UsageError} when it makes no sense
 */
export function readJobOrder(written: Written): JobOrder {
  const files = [...written.texts('trace'), ...written.words];
  const load = written.text('load');
  if ((files.length === 0) === (load === undefined))
    throw new UsageError(`say either a trace FILE or --load ${LOAD_NAMES.join(' or --load ')}`);
  if (load !== undefined) return madeUp(written, readWord('load', load, LOAD_NAMES));
  const stray = MADE_UP_ONLY.find((name) => written.text(name) !== undefined);
  if (stray !== undefined)
    throw new UsageError(`--${stray} is for made-up builds: it goes with --load, not with a file`);
  return { files };
}

function madeUp(written: Written, load: LoadName): JobOrder {
  const days = readWhole('days', written.text('days') ?? '28', [1, 365]);
  const knownShare = numberOf(written, 'known-share', 0, [0, 1]);
  const knownSeconds = numberOf(written, 'known-seconds', 180, [0, DAY]);
  if (knownShare === 0 && written.text('known-seconds') !== undefined)
    throw new UsageError('--known-seconds needs --known-share, which says how many are known so early');
  return { load, days, knownShare, knownSeconds: knownShare === 0 ? 0 : knownSeconds };
}

/**
 * The jobs to play, by arrival. Damaged lines are told on `err` and left out.
 *
 * @throws {UsageError} when a file can't be read, or there is no job in any
 */
export async function readJobs(
  order: JobOrder,
  seed: number,
  terminal: Pick<Terminal, 'err'>,
): Promise<readonly Job[]> {
  if (!('files' in order)) return generateLoad({ ...order, seed });
  const found: Job[] = [];
  for (const path of order.files) for (const job of await fromFile(path, terminal)) found.push(job);
  if (found.length === 0) throw new UsageError(`no job is in ${order.files.join(', ')}`);
  return order.files.length === 1 ? found : found.sort((one, other) => one.arrivedAt - other.arrivedAt);
}

async function fromFile(path: string, terminal: Pick<Terminal, 'err'>): Promise<readonly Job[]> {
  const trace = await readTraceFile(path).catch((error: unknown) => {
    throw new UsageError(`cannot read the trace ${path}: ${whyUnread(error)}`);
  });
  tellDamage(path, trace, terminal);
  return trace.jobs;
}

function whyUnread(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const isFolder = 'code' in error && error.code === 'EISDIR';
  return isFolder ? 'it is a folder; name the files in it' : error.message;
}

function tellDamage(path: string, trace: Trace, terminal: Pick<Terminal, 'err'>): void {
  const { problems, problemCount, otherLines } = trace;
  for (const { line, problem } of problems) terminal.err(`${path}:${line}: left out: ${problem}\n`);
  if (problemCount > problems.length)
    terminal.err(
      `${path}: ${problemCount - problems.length} more lines left out: ${otherLines.join(', ')}\n`,
    );
}
