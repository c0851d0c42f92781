import type { Clock } from '@hangar/shared/clock';
import type { StageAhead, WaitingStage } from '@hangar/shared/contract/demand';
import { withDeadline } from '@hangar/shared/deadline';
import { errorText } from '@hangar/shared/error-text';
import { formatOfContentType, parseExposition } from '@hangar/shared/exposition/parse';
import type { MetricsSource, TargetAnswer } from './metrics-source.ts';
import { demandOfTarget, type TargetDemand } from './read-demand.ts';
import { type RunnerReading, readRunner, type ScrapeProblem } from './runner-reading.ts';

/** The answer of one runner, as far as it could be read. */
export interface TargetRound {
  readonly target: string;
  readonly reading: RunnerReading | undefined;
  /** Undefined: it didn't report them. */
  readonly known: readonly WaitingStage[] | undefined;
  readonly ahead: readonly StageAhead[];
  readonly problems: readonly ScrapeProblem[];
}

/** One round over all targets. A target that didn't answer has no reading, rather than an empty one. */
export interface Round {
  readonly atMs: number;
  readonly targets: readonly TargetRound[];
}

/** The dependencies of a round. */
export interface ScrapeParts {
  readonly clock: Clock;
  readonly source: MetricsSource;
  /** Each answer must arrive within this time. */
  readonly deadlineMs: number;
}

/** Limit of runners; more are skipped and reported, so that a wrong discovery can't exhaust memory. */
const MOST_TARGETS = 500;

/** Queries all targets in parallel, each with its own deadline. Never rejects. */
export async function scrape(
  parts: ScrapeParts,
  targets: readonly string[],
  stop: AbortSignal,
): Promise<Round> {
  const asked = targets.slice(0, MOST_TARGETS);
  const rounds = await Promise.all(asked.map((target) => scrapeOne(parts, target, stop)));
  const left = targets.slice(MOST_TARGETS).map((target) => ({
    target,
    reading: undefined,
    known: undefined,
    ahead: [],
    problems: [
      {
        target,
        problem: `more than ${MOST_TARGETS} runners`,
        cure: 'configure fewer runners for this autoscaler',
      },
    ],
  }));
  return { atMs: parts.clock.now(), targets: [...rounds, ...left] };
}

async function scrapeOne(parts: ScrapeParts, target: string, stop: AbortSignal): Promise<TargetRound> {
  const [metrics, demand] = await Promise.all([
    queryTarget(parts, `${target}/metrics`, { stop, refused: NO_RUNNER }),
    queryTarget(parts, `${target}/demand`, { stop, refused: NO_DEMAND }),
  ]);
  const problems: ScrapeProblem[] = [];
  let reading: RunnerReading | undefined;
  if ('problem' in metrics) problems.push({ target, ...metrics });
  else {
    const exposition = parseExposition(metrics.body, { format: formatOfContentType(metrics.contentType) });
    const read = readRunner(target, exposition);
    // What is no text of metrics at all may end as it likes.
    const cut = read.reading.states !== undefined && isCut(metrics);
    problems.push(...(cut ? [{ target, ...CUT }] : read.problems));
    if (!cut && read.reading.states !== undefined) reading = read.reading;
  }
  if ('problem' in demand) problems.push({ target, ...demand });
  const read = 'problem' in demand ? NOTHING : demandOfTarget(target, demand.body);
  problems.push(...read.problems);
  return { target, reading, known: read.stages, ahead: read.ahead, problems };
}

/**
 * Whether the text ends within a line, whose last number may lack digits. A connection that is closed without a length, as by a
 * proxy with HTTP/1.0, shows no error. OpenMetrics has an end mark instead.
 */
export const isCut = ({ body, contentType }: TargetAnswer): boolean =>
  formatOfContentType(contentType) === 'prometheus-text' && body !== '' && !body.endsWith('\n');

const CUT = {
  problem: 'its metrics end within a line: the response was cut off',
  cure: 'check the proxies between the autoscaler and the runner',
};

const NO_RUNNER = 'set the address of the HTTP server of a Hangar runner';
const NO_DEMAND = `${NO_RUNNER}; for a 401, set HANGAR_AUTOSCALER_RUNNER_TOKEN to the HANGAR_HTTP_TOKEN of the runner`;
const NOTHING: TargetDemand = { stages: undefined, ahead: [], problems: [] };

/** An answer, or the reason why there is none and the remedy. */
export type QueryResult = TargetAnswer | { readonly problem: string; readonly cure: string };

/**
 * Queries one address with the deadline. Never rejects.
 *
 * @param how `refused`: the remedy when it answers with another status than 200
 */
export async function queryTarget(
  { clock, source, deadlineMs }: ScrapeParts,
  url: string,
  { stop, refused }: { readonly stop: AbortSignal; readonly refused: string },
): Promise<QueryResult> {
  const late = (): Error => new Error(`no answer within ${deadlineMs} ms`);
  try {
    const answer = await withDeadline(clock, { ms: deadlineMs, signal: stop, late }, (signal) =>
      source.get(url, signal),
    );
    if (answer.status === 200) return answer;
    return {
      problem: `GET ${url} answers ${answer.status}`,
      cure: refused,
    };
  } catch (error) {
    return {
      problem: `GET ${url}: ${errorText(error)}`,
      cure: 'check that it is running, that the address is correct, and that no NetworkPolicy blocks it',
    };
  }
}
