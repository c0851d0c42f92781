import type { Clock } from '@hangar/shared/clock';
import type { LeaseState } from '../lease/lease-validity.ts';

/** A poll lasts up to 60 s, and a failed one is followed by a pause of up to 30 s: one of them may fail without a word. */
const POLL_LATE_MS = 150_000;
/** Bookmarks come about once a minute, and two missing ones make the watch begin anew. */
const WATCH_STALE_MS = 180_000;
/** Own loops try again within seconds: after this long without a sign, only a restart helps. */
const STUCK_MS = 600_000;
/** After the loss of its Lease a process lets go of all stages within seconds, and then tries to take it again. */
const HAND_OVER_MS = 60_000;

/** Repeats of one report take up to 30 s: a server that is away for a moment is no news. */
const UNREPORTED_LATE_MS = 30_000;

/** Stages that have ended, while the Drone server takes no reports. */
export interface Unreported {
  readonly stages: number;
  /** Since when it takes none, milliseconds since 1970. */
  readonly sinceMs: number;
  readonly ageMs: number;
  /** How it answers, such as `status 500`. */
  readonly reason: string;
}

/** What has been heard of the loops of this process. Ages in milliseconds. */
export interface Signs {
  /** In words what start-up waits for; empty: it runs. */
  readonly starting: string;
  readonly stopping: boolean;
  /** Since the Lease was lost; undefined: it is held. */
  readonly leaseLostMs: number | undefined;
  /** Whether the process has let go of all stages after the loss, and tries to take the Lease again. */
  readonly takingLease?: boolean;
  readonly watchStaleMs: number;
  /** Since the server last answered a poll, or there was no room for more. */
  readonly pollAgeMs: number;
  /** Since a poll last ended in any way, or there was no room for more. */
  readonly pollTriedMs: number;
  /** Undefined: no ended stage waits for the server. */
  readonly unreported?: Unreported | undefined;
}

/** Why this replica takes no new work now, in words; none = ready. Pure. */
export function notReady(signs: Signs): readonly string[] {
  if (signs.stopping) return ['stopping: no new pipelines are accepted'];
  if (signs.starting !== '') return [`starting: ${signs.starting}`];
  const reasons: string[] = [];
  if (signs.leaseLostMs !== undefined)
    reasons.push('the Lease could not be renewed in time; acquiring it again');
  if (signs.watchStaleMs > WATCH_STALE_MS)
    reasons.push(`a watch of Pods last received an event ${seconds(signs.watchStaleMs)} ago`);
  if (signs.pollAgeMs > POLL_LATE_MS)
    reasons.push(`the Drone server last answered a poll ${seconds(signs.pollAgeMs)} ago`);
  const { unreported } = signs;
  if (unreported && unreported.ageMs > UNREPORTED_LATE_MS) reasons.push(unreportedText(unreported));
  return reasons;
}

function unreportedText({ stages, sinceMs, reason }: Unreported): string {
  const who = stages === 1 ? '1 stage waits' : `${stages} stages wait`;
  const since = new Date(sinceMs).toISOString();
  return `${who} to be reported: the Drone server has not accepted reports since ${since} (${reason})`;
}

/** What a restart of this process would help against, in words; none = alive. Servers that are down are not among it. Pure. */
export function notAlive(signs: Signs): readonly string[] {
  if (signs.stopping || signs.starting !== '') return [];
  const reasons: string[] = [];
  // An API server that is away is no reason to restart.
  if (signs.takingLease) return [];
  if ((signs.leaseLostMs ?? 0) > HAND_OVER_MS)
    reasons.push('the Lease is lost and the process has not released its stages');
  if (signs.pollTriedMs > STUCK_MS)
    reasons.push(`no poll has ended for ${seconds(signs.pollTriedMs)}, although there is free capacity`);
  return reasons;
}

const seconds = (ms: number): string => `${Math.round(ms / 1000)} s`;

/** Remembers when the loops of this process gave a sign. */
export class Heartbeat {
  readonly #clock: Clock;
  #answeredMs: number;
  #triedMs: number;
  #fullMs = Number.NEGATIVE_INFINITY;
  #full = false;
  #lostMs: number | undefined;
  #isTaking = false;
  /** In words what start-up waits for; empty: it runs. */
  starting = 'reading the configuration';
  stopping = false;

  constructor(clock: Clock) {
    this.#clock = clock;
    this.#answeredMs = clock.monotonicMs();
    this.#triedMs = this.#answeredMs;
  }

  /** Start-up is over: the loops run from now on. */
  started(): void {
    this.starting = '';
    this.#answeredMs = this.#clock.monotonicMs();
    this.#triedMs = this.#answeredMs;
  }

  pollAnswered(): void {
    this.#answeredMs = this.#clock.monotonicMs();
    this.#triedMs = this.#answeredMs;
  }

  pollTried(): void {
    this.#triedMs = this.#clock.monotonicMs();
  }

  /** Is there no room for more? While that is so nobody polls, and nobody should. */
  house(full: boolean): void {
    if (this.#full || full) this.#fullMs = this.#clock.monotonicMs();
    this.#full = full;
  }

  /** The state of the Lease has changed. */
  leaseChanged(state: LeaseState): void {
    this.#isTaking = state === 'taking';
    if (state === 'lost') this.#lostMs = this.#clock.monotonicMs();
    if (state !== 'held' || this.#lostMs === undefined) return;
    this.#lostMs = undefined;
    // Nobody polled meanwhile.
    this.pollAnswered();
  }

  /** Milliseconds since the server last answered a poll, whatever the reason. */
  get answerAgeMs(): number {
    return this.#clock.monotonicMs() - this.#answeredMs;
  }

  /** Everything at this moment. */
  signs(watchStaleMs: number): Signs {
    const nowMs = this.#clock.monotonicMs();
    const since = (ms: number): number => (this.#full ? 0 : nowMs - Math.max(ms, this.#fullMs));
    return {
      starting: this.starting,
      stopping: this.stopping,
      leaseLostMs: this.#lostMs === undefined ? undefined : nowMs - this.#lostMs,
      takingLease: this.#isTaking,
      watchStaleMs,
      pollAgeMs: since(this.#answeredMs),
      pollTriedMs: since(this.#triedMs),
    };
  }
}
