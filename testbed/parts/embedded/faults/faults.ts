import type { Clock } from '@hangar/shared/clock';
import { ApiError, tooManyRequests } from '../api/status-errors.ts';
import type { Verb } from '../http/request-info.ts';

/** A request as the fault table sees it. */
export interface RequestFacts {
  readonly verb: Verb | 'other';
  /** Plural, with the subresource where there is one: `pods`, `pods/log`. */
  readonly resource: string;
  readonly namespace: string;
  readonly name: string;
  readonly path: string;
}

/** Which requests a fault is for; what is left out matches all. */
export interface RequestMatch {
  readonly verb?: Verb | 'other' | readonly (Verb | 'other')[];
  readonly resource?: string;
  readonly name?: string;
  readonly path?: RegExp;
}

export interface FailSpec extends RequestMatch {
  readonly status: number;
  readonly reason?: string;
  readonly message?: string;
  readonly retryAfterSeconds?: number;
  /** `before` (default): nothing is done. `after`: the write is done, and still the answer is the error. */
  readonly when?: 'before' | 'after';
  /** How many requests; default 1, `Infinity` until called off. */
  readonly times?: number;
}

/** A fault that was ordered: how often it has struck, and a way to call it off. */
export interface FaultHandle {
  readonly hits: () => number;
  readonly cancel: () => void;
}

export type FaultEffect =
  | { readonly kind: 'fail'; readonly error: ApiError; readonly when: 'before' | 'after' }
  | { readonly kind: 'drop'; readonly when: 'before' | 'after' }
  | { readonly kind: 'delay'; readonly delayMs: number }
  | { readonly kind: 'cut-log'; readonly atByte: number };

interface Rule {
  readonly match: RequestMatch;
  readonly effect: FaultEffect;
  left: number;
  hits: number;
}

/** How watches misbehave; the watch streams read it at each event. */
export interface WatchFaults {
  delayMs: number;
  duplicates: number;
}

export interface ServedWatch {
  readonly facts: RequestFacts;
  readonly end: (how: 'clean' | 'abrupt') => void;
  readonly silence: () => void;
}

/** What the faults need of the server around them. */
export interface FaultSwitches {
  readonly stopListening: () => Promise<void>;
  readonly startListening: () => Promise<void>;
  readonly expireHistory: () => void;
}

/**
 * Faults on demand. Each fault applies until it has hit `times` requests or is cancelled;
 * the first that matches a request strikes.
 */
export class ApiFaults {
  private readonly rules = new Set<Rule>();
  private readonly watches = new Set<ServedWatch>();
  private readonly clock: Clock;
  private readonly switches: FaultSwitches;
  readonly watchFaults: WatchFaults = { delayMs: 0, duplicates: 0 };

  constructor(clock: Clock, switches: FaultSwitches) {
    this.clock = clock;
    this.switches = switches;
  }

  /** Answers matching requests with an error. */
  fail(spec: FailSpec): FaultHandle {
    const error = errorOf(spec);
    return this.order(spec, { kind: 'fail', error, when: spec.when ?? 'before' }, spec.times);
  }

  /** Breaks the connection instead of answering; with `when: 'after'` the write has been done. */
  drop(match: RequestMatch & { when?: 'before' | 'after'; times?: number }): FaultHandle {
    return this.order(match, { kind: 'drop', when: match.when ?? 'before' }, match.times);
  }

  /** Holds matching requests back. */
  delay(match: RequestMatch & { times?: number }, delayMs: number): FaultHandle {
    return this.order(match, { kind: 'delay', delayMs }, match.times ?? Number.POSITIVE_INFINITY);
  }

  /** Breaks a log stream after a number of bytes. */
  cutLog(match: { name?: string; path?: RegExp; times?: number }, atByte: number): FaultHandle {
    const resource = 'pods/log';
    return this.order({ ...match, resource }, { kind: 'cut-log', atByte }, match.times);
  }

  /** Breaks open watches: `clean` as a time-out ends them, `abrupt` as a lost connection does. */
  dropWatches(match: RequestMatch = {}, how: 'clean' | 'abrupt' = 'abrupt'): number {
    return this.toWatches(match, (watch) => watch.end(how));
  }

  /** Open watches stay connected but receive nothing more, as after a silent network loss; new ones work. */
  silenceWatches(match: RequestMatch = {}): number {
    return this.toWatches(match, (watch) => watch.silence());
  }

  /** Every watch event is delayed by this time. */
  delayWatchEvents(delayMs: number): void {
    this.watchFaults.delayMs = delayMs;
  }

  /** Every watch event is repeated this many times (0 is normal). */
  duplicateWatchEvents(duplicates: number): void {
    this.watchFaults.duplicates = duplicates;
  }

  /** All resource versions of before are too old: watches from them get 410. */
  expireHistory(): void {
    this.switches.expireHistory();
  }

  /** Refuses connections until `start`; open ones break. */
  async stop(): Promise<void> {
    await this.switches.stopListening();
  }

  /** Listens again on the same port. */
  async start(): Promise<void> {
    await this.switches.startListening();
  }

  /** Connections are refused for this time; resolves when the server is back. */
  async outage(durationMs: number): Promise<void> {
    await this.stop();
    await this.clock.sleep(durationMs);
    await this.start();
  }

  /** Calls off every order. */
  clear(): void {
    this.rules.clear();
    Object.assign(this.watchFaults, { delayMs: 0, duplicates: 0 });
  }

  /** The effects that strike a request now; each order is counted down. */
  effectsOn(facts: RequestFacts): FaultEffect[] {
    const effects: FaultEffect[] = [];
    for (const rule of this.rules) {
      const already = effects.some(({ kind }) => kind !== 'delay' && rule.effect.kind !== 'delay');
      if (already || !matches(rule.match, facts)) continue;
      rule.hits += 1;
      rule.left -= 1;
      if (rule.left <= 0) this.rules.delete(rule);
      effects.push(rule.effect);
    }
    return effects;
  }

  /** Registers an open watch; the returned function removes it. */
  watchOpened(watch: ServedWatch): () => void {
    this.watches.add(watch);
    return () => this.watches.delete(watch);
  }

  private toWatches(match: RequestMatch, act: (watch: ServedWatch) => void): number {
    const open = [...this.watches].filter(({ facts }) => matches(match, facts));
    open.forEach(act);
    return open.length;
  }

  private order(match: RequestMatch, effect: FaultEffect, times = 1): FaultHandle {
    const rule: Rule = { match, effect, left: times, hits: 0 };
    this.rules.add(rule);
    return { hits: () => rule.hits, cancel: () => this.rules.delete(rule) };
  }
}

function matches(match: RequestMatch, facts: RequestFacts): boolean {
  return (
    matchesVerb(match.verb, facts.verb) &&
    (match.resource ?? facts.resource) === facts.resource &&
    (match.name ?? facts.name) === facts.name &&
    (match.path?.test(facts.path) ?? true)
  );
}

function matchesVerb(wanted: RequestMatch['verb'], verb: RequestFacts['verb']): boolean {
  return wanted === undefined || [wanted].flat().includes(verb);
}

const REASONS: Readonly<Record<number, [reason: string, message: string]>> = {
  401: ['Unauthorized', 'Unauthorized'],
  403: ['Forbidden', 'forbidden by an ordered fault'],
  404: ['NotFound', 'the server could not find the requested resource'],
  409: ['Conflict', 'Operation cannot be fulfilled: the object has been modified'],
  410: ['Expired', 'The resourceVersion for the provided watch is too old.'],
  500: ['InternalError', 'Internal error occurred: etcdserver: leader changed'],
  503: ['ServiceUnavailable', 'the server is currently unable to handle the request'],
  504: ['Timeout', 'Timeout: request did not complete within the allotted timeout'],
};

function errorOf({ status, reason, message, retryAfterSeconds }: FailSpec): ApiError {
  if (status === 429 && message === undefined) return tooManyRequests(retryAfterSeconds ?? 1);
  const [knownReason, knownMessage] = REASONS[status] ?? ['', `ordered fault ${status}`];
  const details = retryAfterSeconds === undefined ? undefined : { retryAfterSeconds };
  return new ApiError(status, reason ?? knownReason, message ?? knownMessage, details);
}
