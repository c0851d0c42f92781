import { Backoff, retryAfterMs, USUAL_BACKOFF } from '@hangar/shared/backoff';
import type { Clock } from '@hangar/shared/clock';
import type { Logger } from '@hangar/shared/logger';
import { CiServerError } from '../ports/ci-server.ts';
import { type Answer, type Expected, type Reading, readAnswer } from './drone-answer.ts';
import type { HttpOutcome } from './http-call.ts';

/** An answer to act on. `lost`: an earlier try may have been carried out, its answer never came (drone-rpc §4.9). */
export interface Settled {
  readonly reading: Reading;
  readonly answer: Answer;
  readonly lost: boolean;
}

/** How a call bears trouble. */
export interface RetryRules {
  readonly call: string;
  readonly expected: Expected;
  /** Repeats after 500 or 501. */
  readonly repeatsAfter500: number;
  /** The server may have written something before its 500, so that a repeat meets it: true of PUTs (drone-rpc §2.4). */
  readonly writesBefore500?: boolean;
  /** A 500 that means something to the call and is not tried again. */
  readonly settles?: (reading: Reading, lost: boolean) => boolean;
}

/** What a retrying call needs around it. */
export interface RetryDeps {
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Pick<Logger, 'warn'>;
}

/**
 * Repeats a call until the server has said something final: for ever, with back-off, where there is no answer, a proxy's
 * 502 to 527, or 429 (heeding Retry-After); a few times after 500 and 501; never otherwise (drone-rpc §2.0).
 *
 * @throws the reason of `signal` once that is aborted, also in the middle of a pause
 */
export async function untilSettled(
  deps: RetryDeps,
  rules: RetryRules,
  attempt: () => Promise<HttpOutcome>,
  signal: AbortSignal,
): Promise<Settled> {
  const backoff = new Backoff(deps.clock, { ...USUAL_BACKOFF, jitter: deps.random });
  let lost = false;
  let few = 0;
  for (;;) {
    const outcome = await attempt();
    const verdict = judge(outcome, rules, lost);
    if (verdict.kind === 'settled') return { ...verdict, lost };
    if (verdict.kind === 'few' && few++ >= verdict.repeats) return { ...verdict.settled, lost };
    lost ||= verdict.lost;
    deps.log.warn(
      { call: rules.call, reason: verdict.why },
      'a call to the Drone server failed, trying again',
    );
    await backoff.pause(signal, waitMs(outcome, deps.clock));
    signal.throwIfAborted();
  }
}

type Verdict =
  | { readonly kind: 'settled'; readonly reading: Reading; readonly answer: Answer }
  | { readonly kind: 'again'; readonly lost: boolean; readonly why: string }
  | {
      readonly kind: 'few';
      readonly repeats: number;
      readonly lost: boolean;
      readonly why: string;
      readonly settled: Omit<Settled, 'lost'>;
    };

/** Repeats after a 200 that makes no sense: half an answer, or a proxy's page. */
const REPEATS_WHEN_STRANGE = 3;

function judge(outcome: HttpOutcome, rules: RetryRules, lost: boolean): Verdict {
  if (outcome.kind === 'none') return { kind: 'again', lost: outcome.sent, why: outcome.reason };
  const reading = readAnswer(outcome, rules.expected);
  const settled = { reading, answer: outcome };
  if (outcome.status === 429) return { kind: 'again', lost: false, why: 'status 429' };
  if (outcome.status > 501) return { kind: 'again', lost: true, why: `status ${outcome.status}` };
  // A 200 that can't be read was most likely carried out.
  if (reading.kind === 'strange') {
    return { kind: 'few', repeats: REPEATS_WHEN_STRANGE, lost: true, why: reading.why, settled };
  }
  if (outcome.status < 500 || rules.settles?.(reading, lost)) return { kind: 'settled', ...settled };
  const why = `status ${outcome.status}`;
  return { kind: 'few', repeats: rules.repeatsAfter500, lost: rules.writesBefore500 === true, why, settled };
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
