import { Backoff, retryAfterMs, USUAL_BACKOFF } from '@hangar/shared/backoff';
import type { Clock } from '@hangar/shared/clock';
import { CiServerError } from '../ports/ci-server.ts';
import type { UnknownStageCheck } from '../ports/unknown-stage.ts';
import { type Answer, type Expected, type Reading, readAnswer, saysNoRows } from './drone-answer.ts';
import type { HttpOutcome } from './http-call.ts';
import type { ServerOutage } from './server-outage.ts';

/** A final answer. `lost`: an earlier try may have been carried out, but its answer was lost (drone-rpc §4.9). */
export interface Settled {
  readonly reading: Reading;
  readonly answer: Answer;
  readonly lost: boolean;
  /** The server certainly doesn't know the stage or step of the call. */
  readonly unknown: boolean;
}

/** How a call is retried. */
export interface RetryRules {
  readonly call: string;
  readonly expected: Expected;
  /** Statuses that are not retried; 409 always is one. */
  readonly permanent: readonly number[];
  /** Maximum number of retries after 500 or 501; unlimited by default. */
  readonly repeatsAfter500?: number;
  /** The server may have written something before its 500, which a retry then conflicts with: true for PUTs (drone-rpc §2.4). */
  readonly writesBefore500?: boolean;
  /** Whether a refusal is a valid result of the call and not retried. */
  readonly settles?: (reading: Reading, lost: boolean) => boolean;
  /** Set for calls whose stage or step the server may not know. */
  readonly unknownStage?: UnknownStageCheck;
}

/** The dependencies of a call with retries. */
export interface RetryDeps {
  readonly clock: Clock;
  readonly random: () => number;
  readonly outage: ServerOutage;
  /** Called for each try that is followed by another one; status 0: no answer, or an invalid one. */
  readonly retried?: ((call: string, status: number) => void) | undefined;
}

/**
 * Repeats a call with back-off until the server has given a final answer: a success, 409, a status that the rules call permanent, or an
 * unknown stage (drone-rpc §2.0). Everything else is retried without limit, also a wrong secret or a wrong address, since these may be
 * corrected.
 *
 * @throws the reason of `signal` once that is aborted, also in the middle of a pause
 */
export async function untilSettled(
  deps: RetryDeps,
  rules: RetryRules,
  attempt: () => Promise<HttpOutcome>,
  signal: AbortSignal,
): Promise<Settled> {
  try {
    return await repeat(deps, rules, attempt, signal);
  } finally {
    deps.outage.ended(rules);
  }
}

async function repeat(
  deps: RetryDeps,
  rules: RetryRules,
  attempt: () => Promise<HttpOutcome>,
  signal: AbortSignal,
): Promise<Settled> {
  const backoff = new Backoff(deps.clock, { ...USUAL_BACKOFF, jitter: deps.random });
  let lost = false;
  let counted = 0;
  for (;;) {
    const outcome = await attempt();
    const verdict = judge(outcome, rules, lost);
    if (verdict.kind === 'settled') return { ...verdict, lost, unknown: false };
    counted += Number(verdict.isCounted);
    const given = await givenUp(verdict, rules, counted);
    if (given) return { ...given, lost };
    lost ||= verdict.lost;
    deps.outage.failed(rules, verdict.why);
    deps.retried?.(rules.call, statusOf(verdict));
    await backoff.pause(signal, waitMs(outcome, deps.clock));
    signal.throwIfAborted();
  }
}

/** The result if the stage is certainly unknown or the retries are used up. */
async function givenUp(
  { settled, isCounted }: Trial,
  { unknownStage, repeatsAfter500 = Infinity }: RetryRules,
  counted: number,
): Promise<Omit<Settled, 'lost'> | undefined> {
  const unknown =
    (await unknownStage?.isCertain(settled !== undefined && saysNoRows(settled.reading))) ?? false;
  const isEnough = isCounted && counted > repeatsAfter500;
  return settled && (unknown || isEnough) ? { ...settled, unknown } : undefined;
}

const statusOf = ({ settled }: Trial): number =>
  settled?.reading.kind === 'refused' ? settled.answer.status : 0;

/** A try that is followed by another one. */
interface Trial {
  readonly kind: 'again';
  readonly lost: boolean;
  readonly why: string;
  /** Whether it is a 500 or 501, after which some calls are retried a few times only. */
  readonly isCounted: boolean;
  /** Undefined: no answer. */
  readonly settled?: Pick<Settled, 'reading' | 'answer'>;
}

type Verdict = Trial | { readonly kind: 'settled'; readonly reading: Reading; readonly answer: Answer };

const CONFLICT = 409;

function judge(outcome: HttpOutcome, rules: RetryRules, lost: boolean): Verdict {
  if (outcome.kind === 'none')
    return { kind: 'again', lost: outcome.sent, why: outcome.reason, isCounted: false };
  const reading = readAnswer(outcome, rules.expected);
  const settled = { reading, answer: outcome };
  // A call with an unreadable 200 was most likely carried out.
  if (reading.kind === 'strange')
    return { kind: 'again', lost: true, why: reading.why, isCounted: false, settled };
  if (reading.kind !== 'refused' || isFinal(reading, rules, lost)) return { kind: 'settled', ...settled };
  const { status } = reading;
  const isCounted = status === 500 || status === 501;
  const mayBeDone = isCounted ? rules.writesBefore500 === true : status > 501;
  return { kind: 'again', lost: mayBeDone, why: `status ${status}`, isCounted, settled };
}

function isFinal(
  reading: Extract<Reading, { kind: 'refused' }>,
  { permanent, settles }: RetryRules,
  lost: boolean,
): boolean {
  const { status } = reading;
  return status === CONFLICT || permanent.includes(status) || (settles?.(reading, lost) ?? false);
}

function waitMs(outcome: HttpOutcome, clock: Clock): number {
  return outcome.kind === 'none' ? 0 : retryAfterMs(outcome.headers.get('retry-after'), clock.now());
}

/** The error for a call without an answer that is tried only once. */
export function unanswered(
  call: string,
  url: string,
  outcome: Extract<HttpOutcome, { kind: 'none' }>,
): CiServerError {
  const message = `${call}: no answer from ${new URL(url).origin}: ${outcome.reason}`;
  return new CiServerError(call, 0, message, { cause: outcome.cause });
}
