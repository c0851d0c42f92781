import { Backoff, retryAfterMs, USUAL_BACKOFF } from '@hangar/shared/backoff';
import type { Clock } from '@hangar/shared/clock';
import { CiServerError } from '../ports/ci-server.ts';
import { type Answer, type Expected, type Reading, readAnswer } from './drone-answer.ts';
import type { HttpOutcome } from './http-call.ts';
import type { ServerOutage } from './server-outage.ts';
import type { UnknownStage } from './unknown-stage.ts';

/** An answer to act on. `lost`: an earlier try may have been carried out, its answer never came (drone-rpc §4.9). */
export interface Settled {
  readonly reading: Reading;
  readonly answer: Answer;
  readonly lost: boolean;
  /** It is certain that the server doesn't know what the call is about. */
  readonly unknown: boolean;
}

/** How a call bears trouble. */
export interface RetryRules {
  readonly call: string;
  readonly expected: Expected;
  /** Statuses after which no repeat helps; 409 always is one. */
  readonly permanent: readonly number[];
  /** Repeats after 500 or 501; without end unless told. */
  readonly repeatsAfter500?: number;
  /** The server may have written something before its 500, so that a repeat meets it: true of PUTs (drone-rpc §2.4). */
  readonly writesBefore500?: boolean;
  /** A refusal that means something to the call and is not tried again. */
  readonly settles?: (reading: Reading, lost: boolean) => boolean;
  /** Where the server may not know what the call is about. */
  readonly unknownStage?: UnknownStage;
}

/** What a retrying call needs around it. */
export interface RetryDeps {
  readonly clock: Clock;
  readonly random: () => number;
  readonly outage: ServerOutage;
  /** Hears of each try that is followed by another one; status 0: no answer, or none that makes sense. */
  readonly retried?: ((call: string, status: number) => void) | undefined;
}

/**
 * Repeats a call until the server has said something final: for ever, with back-off, after everything but a good answer, 409, what the
 * rules call permanent, and an unknown stage (drone-rpc §2.0). A wrong secret and a wrong address are repeated too: somebody may be
 * about to mend them.
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

/** What is certain not to be known, or was tried as often as it may be. */
async function givenUp(
  { settled, isCounted }: Trial,
  { unknownStage, repeatsAfter500 = Infinity }: RetryRules,
  counted: number,
): Promise<Omit<Settled, 'lost'> | undefined> {
  const unknown = (await unknownStage?.isCertain(settled?.reading)) ?? false;
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
  /** Is it a 500 or 501, after which some calls are repeated a few times only? */
  readonly isCounted: boolean;
  /** Undefined: no answer came. */
  readonly settled?: Pick<Settled, 'reading' | 'answer'>;
}

type Verdict = Trial | { readonly kind: 'settled'; readonly reading: Reading; readonly answer: Answer };

const CONFLICT = 409;

function judge(outcome: HttpOutcome, rules: RetryRules, lost: boolean): Verdict {
  if (outcome.kind === 'none')
    return { kind: 'again', lost: outcome.sent, why: outcome.reason, isCounted: false };
  const reading = readAnswer(outcome, rules.expected);
  const settled = { reading, answer: outcome };
  // A 200 that can't be read was most likely carried out.
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

/** No answer at all to a call that is tried only once. */
export function unanswered(
  call: string,
  url: string,
  outcome: Extract<HttpOutcome, { kind: 'none' }>,
): CiServerError {
  const message = `${call}: no answer from ${new URL(url).origin}: ${outcome.reason}`;
  return new CiServerError(call, 0, message, { cause: outcome.cause });
}
