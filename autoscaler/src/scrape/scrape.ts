import type { Clock } from '@hangar/shared/clock';
import { withDeadline } from '@hangar/shared/deadline';
import { errorText } from '@hangar/shared/error-text';
import { formatOfContentType, parseExposition } from '@hangar/shared/exposition/parse';
import type { MetricsSource, TargetAnswer } from './metrics-source.ts';
import { type KnownStage, type ReadDemand, readDemand, type StageAhead } from './known-stages.ts';
import { readRunner, type RunnerReading, type ScrapeProblem } from './runner-reading.ts';

/** One runner, as far as it answered. */
export interface TargetRound {
  readonly target: string;
  readonly reading: RunnerReading | undefined;
  /** Undefined: it didn't say. */
  readonly known: readonly KnownStage[] | undefined;
  readonly ahead: readonly StageAhead[];
  readonly problems: readonly ScrapeProblem[];
}

/** One round over all targets. A target that didn't answer is a gap: it has no reading, not an empty one. */
export interface Round {
  readonly atMs: number;
  readonly targets: readonly TargetRound[];
}

/** What a round needs. */
export interface ScrapeParts {
  readonly clock: Clock;
  readonly source: MetricsSource;
  /** Each answer comes within this time or counts as none. */
  readonly deadlineMs: number;
}

/** Runners beyond this are left out and told: a discovery gone wild must not fill the memory. */
const MOST_TARGETS = 500;

/** Asks all targets at once, each under its own deadline. Never rejects. */
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
        cure: 'give one service fewer runners to read',
      },
    ],
  }));
  return { atMs: parts.clock.now(), targets: [...rounds, ...left] };
}

async function scrapeOne(parts: ScrapeParts, target: string, stop: AbortSignal): Promise<TargetRound> {
  const [metrics, demand] = await Promise.all([
    ask(parts, `${target}/metrics`, { stop, refused: NO_RUNNER }),
    ask(parts, `${target}/demand`, { stop, refused: NO_RUNNER }),
  ]);
  const problems: ScrapeProblem[] = [];
  let reading: RunnerReading | undefined;
  if ('problem' in metrics) problems.push({ target, ...metrics });
  else {
    const exposition = parseExposition(metrics.body, { format: formatOfContentType(metrics.contentType) });
    const read = readRunner(target, exposition);
    problems.push(...read.problems);
    if (read.reading.states !== undefined) reading = read.reading;
  }
  if ('problem' in demand) problems.push({ target, ...demand });
  const read = 'problem' in demand ? NOTHING : readDemand(target, demand.body);
  problems.push(...read.problems);
  return { target, reading, known: read.stages, ahead: read.ahead, problems };
}

const NO_RUNNER = "give the address of a Hangar runner's HTTP side";
const NOTHING: ReadDemand = { stages: undefined, ahead: [], problems: [] };

/** An answer, or why there is none and what to do about it. */
export type Asked = TargetAnswer | { readonly problem: string; readonly cure: string };

/**
 * Asks one address under the deadline. Never rejects.
 *
 * @param how `refused`: the cure when it answers with anything but 200
 */
export async function ask(
  { clock, source, deadlineMs }: ScrapeParts,
  url: string,
  { stop, refused }: { readonly stop: AbortSignal; readonly refused: string },
): Promise<Asked> {
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
      cure: 'is it up, is the address right, does a NetworkPolicy stand between?',
    };
  }
}
