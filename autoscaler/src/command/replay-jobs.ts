import { UsageError } from '@hangar/shared/program/command-error';
import type { CommandContext } from '@hangar/shared/program/context';
import {
  asNumber,
  asText,
  asWhole,
  asWord,
  flag,
  grouped,
  option,
  repeated,
  type Values,
} from '@hangar/shared/program/options';
import type { Job } from '../capacity/job.ts';
import { readTraceFile } from '../edges/trace-file.ts';
import type { Trace } from '../trace/gather.ts';
import { generateLoad, LOAD_NAMES, type LoadName } from '../trace/generate.ts';

const DAY = 86_400;
const KNOWN_SECONDS = 180;

/** Options for the jobs to replay. */
export const JOB_OPTIONS = grouped('The builds', {
  trace: repeated(
    'FILE',
    `the same as FILE: JSON lines, sorted or not, gzip or not, - for standard input; may be repeated, as for the
daily files of "serve". Invalid lines are skipped and listed by number:
  {"arrivedAt":"2026-01-31T08:15:00Z","durationSeconds":310,"cpuMillis":1150,"memoryMiB":1700}
Optional keys: knownAt, build, repo, stage and event. Times may also be Unix seconds`,
    asText,
  ),
  load: option(
    'NAME',
    'synthetic: table-like (1000 PRs a weekday) or harder (shifted peaks, a holiday, a doubling)',
    asWord(LOAD_NAMES),
  ),
  days: option('N', 'days to generate (28)', asWhole([1, 365])),
  named: flag('generated builds have a repository and a pipeline, by which run times are learned'),
  'known-share': option(
    'X',
    'share of generated pushes that are known before they arrive (0)',
    asNumber([0, 1]),
  ),
  'known-seconds': option(
    'N',
    `seconds by which they are known in advance (${KNOWN_SECONDS})`,
    asNumber([0, DAY]),
  ),
});

/** Options that apply only to generated loads. */
const MADE_UP_ONLY = ['days', 'named', 'known-share', 'known-seconds'] as const;

/** The jobs requested on the command line: files, or a generated load. */
export type JobRequest =
  | { readonly files: readonly string[] }
  | {
      readonly load: LoadName;
      readonly days: number;
      readonly named: boolean;
      readonly knownShare: number;
      readonly knownSeconds: number;
    };

/**
 * Parses which jobs to replay; no file is read yet.
 *
 * @throws {UsageError} when the combination of options is invalid
 */
export function jobOrderOf(options: Values<typeof JOB_OPTIONS>, words: readonly string[]): JobRequest {
  const files = [...options.trace, ...words];
  const { load } = options;
  if ((files.length === 0) === (load === undefined))
    throw new UsageError(`give either a trace FILE or --load ${LOAD_NAMES.join(' or --load ')}`);
  if (load !== undefined) return madeUp(options, load);
  const misplaced = MADE_UP_ONLY.find((name) => options[name] !== undefined);
  if (misplaced !== undefined)
    throw new UsageError(`--${misplaced} is for generated builds: use it with --load, not with a file`);
  return { files };
}

function madeUp(options: Values<typeof JOB_OPTIONS>, load: LoadName): JobRequest {
  const { days = 28, 'known-share': knownShare = 0, 'known-seconds': knownSeconds } = options;
  if (knownShare === 0 && knownSeconds !== undefined)
    throw new UsageError('--known-seconds requires --known-share');
  const named = options.named === true;
  const ahead = knownShare === 0 ? 0 : (knownSeconds ?? KNOWN_SECONDS);
  return { load, days, named, knownShare, knownSeconds: ahead };
}

/**
 * The jobs to replay, by arrival. Damaged lines are reported and skipped.
 *
 * @throws {UsageError} when a file can't be read, or no file contains a job
 */
export async function readJobs(
  order: JobRequest,
  seed: number,
  context: Pick<CommandContext, 'complain'>,
): Promise<readonly Job[]> {
  if (!('files' in order)) return generateLoad({ ...order, seed });
  const found: FoundJob[] = [];
  for (const path of order.files) {
    const { jobs, lines } = await fromFile(path, context);
    for (const [nth, job] of jobs.entries()) found.push({ job, path, line: lines[nth] ?? 0 });
  }
  if (found.length === 0) throw new UsageError(`no job is in ${order.files.join(', ')}`);
  if (order.files.length > 1) found.sort((one, other) => one.job.arrivedAt - other.job.arrivedAt);
  rejectStrays(found);
  return found.map(({ job }) => job);
}

/** A job and where it was written. */
interface FoundJob {
  readonly job: Job;
  readonly path: string;
  readonly line: number;
}

/** A longer silence is a wrong date: nobody compares policies over it, and a replay decides every ten seconds of it. */
const LONGEST_SILENCE_DAYS = 180;
const MOST_NAMED = 5;

/** @throws {UsageError} when some jobs are so far from the others that their date must be wrong */
function rejectStrays(found: readonly FoundJob[]): void {
  const gapAfter = ({ job }: FoundJob, nth: number): number =>
    ((found[nth + 1]?.job.arrivedAt ?? job.arrivedAt) - job.arrivedAt) / DAY;
  const cut = found.findIndex((one, nth) => gapAfter(one, nth) > LONGEST_SILENCE_DAYS);
  if (cut < 0) return;
  const [early, late] = [found.slice(0, cut + 1), found.slice(cut + 1)];
  const strays = early.length <= late.length ? early : late;
  const named = strays
    .slice(0, MOST_NAMED)
    .map(({ job, path, line }) => `${path}:${line} (${new Date(job.arrivedAt * 1000).toISOString()})`);
  const more = strays.length > MOST_NAMED ? ` and ${strays.length - MOST_NAMED} more` : '';
  throw new UsageError(
    `${named.join(', ')}${more}: no other build arrived within ${LONGEST_SILENCE_DAYS} days of it. Correct the date, or remove the line`,
  );
}

async function fromFile(path: string, context: Pick<CommandContext, 'complain'>): Promise<Trace> {
  const trace = await readTraceFile(path).catch((error: unknown) => {
    throw new UsageError(`cannot read the trace ${path}: ${whyUnread(error)}`);
  });
  reportDamage(path, trace, context);
  return trace;
}

function whyUnread(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const isFolder = 'code' in error && error.code === 'EISDIR';
  return isFolder ? 'it is a directory; name the files in it' : error.message;
}

function reportDamage(path: string, trace: Trace, { complain }: Pick<CommandContext, 'complain'>): void {
  const { problems, problemCount, otherLines } = trace;
  for (const { line, problem } of problems) complain(`${path}:${line}: skipped: ${problem}`);
  if (problemCount > problems.length)
    complain(`${path}: ${problemCount - problems.length} more lines skipped: ${otherLines.join(', ')}`);
}
