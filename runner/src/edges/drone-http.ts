import { retryAfterMs } from '@hangar/shared/backoff';
import type { Clock } from '@hangar/shared/clock';
import { type Logger, silentLogger } from '@hangar/shared/logger';
import type { Dispatcher } from 'undici';
import type { DroneStage, DroneStep, Filter, LogLine, StageDetail } from '../pipeline/drone.ts';
import {
  type CiServer,
  CiServerError,
  type StoredLog,
  TOO_LARGE_FOR_DATABASE,
  type Update,
} from '../ports/ci-server.ts';
import {
  type Answer,
  type Expected,
  type Reading,
  readAnswer,
  refusal,
  speaksOfLock,
} from './drone-answer.ts';
import { type DumpLevel, dumpCall, dumpOutcome } from './drone-dump.ts';
import { type RetryDeps, type RetryRules, type Settled, unanswered, untilSettled } from './drone-retry.ts';
import {
  detailFromWire,
  filterToWire,
  linesToWire,
  stageFromWire,
  stagePartFromWire,
  stageToWire,
  stepFromWire,
  stepToWire,
} from './drone-wire.ts';
import { createAgent, type Proxies } from './http-agent.ts';
import { type HttpCall, type HttpOutcome, httpCall } from './http-call.ts';
import { logBody } from './log-body.ts';
import { ServerOutage } from './server-outage.ts';
import { saysNoRows, UnknownStage } from './unknown-stage.ts';

/** Where the server is and how to speak to it (`DRONE_RPC_*`). */
export interface DroneOptions {
  /** `{proto}://{host}`, with or without a path prefix; trailing slashes don't matter. */
  readonly baseUrl: string;
  readonly token: string;
  readonly skipVerify: boolean;
  readonly dump: DumpLevel;
  readonly proxies?: Proxies;
}

/** What the client needs around it; `dump` prints traffic, `log` hears of outages. */
export interface DroneDeps {
  readonly clock: Clock;
  readonly random: () => number;
  readonly log?: Pick<Logger, 'warn' | 'info'>;
  readonly dump?: (text: string) => void;
  /** Hears of calls that are tried again; one of its own unless told. */
  readonly outage?: ServerOutage;
  /** Hears of each try that is followed by another one; status 0: no answer, or none that makes sense. */
  readonly retried?: (call: string, status: number) => void;
  /** Called before each try of a call that changes something, or may; what it throws ends the call. */
  readonly beforeWrite?: () => void;
}

/** The server over HTTP; `close` ends its connections and what still runs on them. */
export type DroneClient = CiServer & { close(): Promise<void> };

/** How long each call may take in all (drone-rpc §1.3); cutting an update short is harmful. */
const TIMEOUT_MS = {
  ping: 10_000,
  poll: 60_000,
  accept: 60_000,
  detail: 300_000,
  update: 120_000,
  batch: 10_000,
  logs: 60_000,
} as const;

/** Repeats of a detail call after a 500, which may come from the Git host: then the server has failed the build (drone-rpc §2.3). */
const FEW = 3;
/** Statuses that say that the request itself is wrong or too large. */
const REFUSED: readonly number[] = [400, 413];

/** Calls that change nothing of a stage. A detail call is none of them: its failure can fail the build (drone-rpc §2.3). */
const HARMLESS: ReadonlySet<string> = new Set(['ping', 'request a stage', 'watch']);

/** A client of the runner RPC of one Drone server, over HTTP/1.1 and without redirects. */
export function createDroneClient(deps: DroneDeps, options: DroneOptions): DroneClient {
  return new DroneHttp(deps, options);
}

interface Wanted {
  readonly call: string;
  readonly method: 'GET' | 'POST' | 'PUT';
  readonly path: string;
  readonly expected: Expected;
  readonly timeoutMs: number;
  readonly body?: unknown;
  /** A body of JSON that is made while it is sent, anew for each try. */
  readonly stream?: () => AsyncIterable<string>;
}

class DroneHttp implements DroneClient {
  readonly #clock: Clock;
  readonly #retry: RetryDeps;
  readonly #options: DroneOptions;
  readonly #base: string;
  readonly #dump: (text: string) => void;
  readonly #beforeWrite: () => void;
  readonly #dispatcher: Dispatcher;

  constructor(deps: DroneDeps, options: DroneOptions) {
    this.#clock = deps.clock;
    const outage = deps.outage ?? new ServerOutage(deps.clock, deps.log ?? silentLogger);
    this.#retry = { clock: deps.clock, random: deps.random, outage, retried: deps.retried };
    this.#options = options;
    this.#base = `${options.baseUrl.replace(/\/+$/, '')}/rpc/v2`;
    this.#dump = options.dump === 'off' ? ignore : (deps.dump ?? ignore);
    this.#beforeWrite = deps.beforeWrite ?? ignore;
    this.#dispatcher = createAgent({ ...options, url: this.#base });
  }

  async ping(signal: AbortSignal): Promise<void> {
    await this.#once(nothing('ping', '/ping', TIMEOUT_MS.ping), signal);
  }

  async request(filter: Filter, signal: AbortSignal): Promise<DroneStage | undefined> {
    const reading = await this.#once(
      {
        call: 'request a stage',
        method: 'POST',
        path: '/stage',
        expected: 'object',
        timeoutMs: TIMEOUT_MS.poll,
        body: filterToWire(filter),
      },
      signal,
    );
    const stage = reading.kind === 'object' ? stageFromWire(reading.value) : undefined;
    return stage?.id === 0 ? undefined : stage;
  }

  async accept(
    stageId: number,
    machine: string,
    signal: AbortSignal,
  ): Promise<{ kind: 'accepted'; stage: Partial<DroneStage> } | { kind: 'lost' }> {
    const path = `/stage/${stageId}?machine=${encodeURIComponent(machine)}`;
    const wanted: Wanted = {
      call: 'accept',
      method: 'POST',
      path,
      expected: 'object',
      timeoutMs: TIMEOUT_MS.accept,
    };
    // A stage that isn't there was not accepted either, unless an earlier try was.
    const isGone = (reading: Reading, lost: boolean): boolean => !lost && saysNoRows(reading);
    const rules = { permanent: REFUSED, writesBefore500: true, settles: isGone };
    const settled = await this.#persist(
      wanted,
      { ...rules, unknownStage: this.#unknownStage(signal) },
      signal,
    );
    if (settled.reading.kind === 'object')
      return { kind: 'accepted', stage: stagePartFromWire(settled.reading.value) };
    if (settled.answer.status !== 409) throw this.#refusal(wanted, settled);
    return settled.lost ? this.#isOurs(stageId, machine, signal) : { kind: 'lost' };
  }

  async detail(stageId: number, signal: AbortSignal): Promise<StageDetail> {
    const path = `/stage/${stageId}`;
    const wanted: Wanted = {
      call: 'detail',
      method: 'GET',
      path,
      expected: 'object',
      timeoutMs: TIMEOUT_MS.detail,
    };
    const settled = await this.#persist(wanted, { permanent: REFUSED, repeatsAfter500: FEW }, signal);
    if (settled.reading.kind === 'object') return detailFromWire(settled.reading.value);
    throw this.#refusal(wanted, settled);
  }

  async updateStage(stage: DroneStage, signal: AbortSignal): Promise<Update<DroneStage>> {
    // A stage's end is never given up: a proxy may refuse it today.
    const permanent = stage.status === 'pending' || stage.status === 'running' ? REFUSED : [];
    const wanted = update('PUT stage', `/stage/${stage.id}`, stageToWire(stage));
    const answer = await this.#put(wanted, permanent, signal);
    return answer.kind === 'conflict' ? answer : { kind: 'updated', value: stageFromWire(answer.value) };
  }

  async updateStep(step: DroneStep, signal: AbortSignal): Promise<Update<DroneStep>> {
    const wanted = update('PUT step', `/step/${step.id}`, stepToWire(step));
    const answer = await this.#put(wanted, REFUSED, signal);
    return answer.kind === 'conflict' ? answer : { kind: 'updated', value: stepFromWire(answer.value) };
  }

  async watch(buildId: number, signal: AbortSignal): Promise<'cancelled' | 'quiet'> {
    const wanted = nothing('watch', `/build/${buildId}/watch`, TIMEOUT_MS.poll);
    const { reading, answer } = await this.#single(wanted, signal);
    // Redis servers answer the end of a quiet watch in this way (drone-rpc §2.6).
    if (reading.kind === 'refused' && reading.status === 500 && reading.text.includes('redis: nil'))
      return 'quiet';
    if (reading.kind !== 'nothing') throw this.#refusal(wanted, { reading, answer });
    return answer.status === 204 ? 'quiet' : 'cancelled';
  }

  async sendLines(stepId: number, lines: readonly LogLine[], signal: AbortSignal): Promise<void> {
    const wanted = nothing('log batch', `/step/${stepId}/logs/batch`, TIMEOUT_MS.batch, linesToWire(lines));
    await this.#once(wanted, signal);
  }

  async uploadLog(stepId: number, log: StoredLog, signal: AbortSignal): Promise<'stored' | 'exists'> {
    const path = `/step/${stepId}/logs/upload`;
    const wanted = { ...nothing('log upload', path, TIMEOUT_MS.logs), stream: () => logBody(log) };
    const settled = await this.#persist(wanted, { permanent: REFUSED, settles: isLogSettled }, signal);
    if (settled.reading.kind === 'nothing') return 'stored';
    if (hasLogAlready(settled.reading)) return 'exists';
    throw this.#refusal(wanted, settled);
  }

  async uploadCard(
    stepId: number,
    card: { schema: string; data: unknown },
    signal: AbortSignal,
  ): Promise<void> {
    const body = { schema: card.schema, data: card.data ?? null };
    const wanted = nothing('card upload', `/step/${stepId}/card`, TIMEOUT_MS.logs, body);
    const settled = await this.#persist(wanted, { permanent: [...REFUSED, 404] }, signal);
    if (settled.reading.kind === 'nothing' || settled.answer.status === 404) return;
    throw this.#refusal(wanted, settled);
  }

  close(): Promise<void> {
    return this.#dispatcher.destroy();
  }

  /** After a lost answer a 409 may be our own doing: the stage's machine tells (drone-rpc §2.2). */
  async #isOurs(
    stageId: number,
    machine: string,
    signal: AbortSignal,
  ): Promise<{ kind: 'accepted'; stage: DroneStage } | { kind: 'lost' }> {
    const { stage } = await this.detail(stageId, signal);
    // One that is running or over was accepted long before.
    const isOurs = stage.machine === machine && stage.status === 'pending';
    return isOurs ? { kind: 'accepted', stage } : { kind: 'lost' };
  }

  async #put(
    wanted: Wanted,
    permanent: readonly number[],
    signal: AbortSignal,
  ): Promise<
    | { kind: 'answer'; value: Readonly<Record<string, unknown>> }
    | { kind: 'conflict'; afterLostAnswer: boolean }
  > {
    const unknownStage = this.#unknownStage(signal);
    const rules = { permanent, writesBefore500: true, settles: speaksOfLock, unknownStage };
    const settled = await this.#persist(wanted, rules, signal);
    if (settled.reading.kind === 'object') return { kind: 'answer', value: settled.reading.value };
    const conflict = settled.answer.status === 409 || speaksOfLock(settled.reading);
    if (!conflict) throw this.#refusal(wanted, settled);
    return { kind: 'conflict', afterLostAnswer: settled.lost };
  }

  #unknownStage(signal: AbortSignal): UnknownStage {
    return new UnknownStage(this.#clock, () => this.ping(signal));
  }

  /** A call that is tried once: what isn't a good answer is an error. */
  async #once(wanted: Wanted, signal: AbortSignal): Promise<Reading> {
    const single = await this.#single(wanted, signal);
    const { reading } = single;
    if (reading.kind === 'object' || reading.kind === 'nothing') return reading;
    throw this.#refusal(wanted, single);
  }

  async #single(wanted: Wanted, signal: AbortSignal): Promise<{ reading: Reading; answer: Answer }> {
    const outcome = await this.#send(wanted, signal);
    if (outcome.kind === 'none') throw unanswered(wanted.call, this.#base, outcome);
    return { reading: readAnswer(outcome, wanted.expected), answer: outcome };
  }

  #persist(
    wanted: Wanted,
    rules: Omit<RetryRules, 'call' | 'expected'>,
    signal: AbortSignal,
  ): Promise<Settled> {
    const { call, expected } = wanted;
    return untilSettled(this.#retry, { call, expected, ...rules }, () => this.#send(wanted, signal), signal);
  }

  async #send(wanted: Wanted, signal: AbortSignal): Promise<HttpOutcome> {
    if (!HARMLESS.has(wanted.call)) this.#beforeWrite();
    const { token, dump } = this.#options;
    const call = this.#toHttp(wanted);
    this.#dump(dump === 'off' ? '' : dumpCall(call, token, dump));
    const outcome = await httpCall({ clock: this.#clock, dispatcher: this.#dispatcher }, call, signal);
    this.#dump(dump === 'off' ? '' : dumpOutcome(outcome, token, dump));
    return outcome;
  }

  #toHttp(wanted: Wanted): HttpCall {
    const { method, path, timeoutMs } = wanted;
    const auth = { 'x-drone-token': this.#options.token };
    const url = this.#base + path;
    if (wanted.body === undefined && !wanted.stream) return { method, url, headers: auth, timeoutMs };
    const headers = { ...auth, 'content-type': 'application/json' };
    const body = wanted.stream ?? JSON.stringify(wanted.body);
    return { method, url, headers, timeoutMs, body };
  }

  /** The error for an answer that can't be used; a server's text may quote our header, so the token is cut out. */
  #refusal(
    wanted: Wanted,
    { reading, answer, unknown }: Pick<Settled, 'reading' | 'answer'> & { unknown?: boolean },
  ): CiServerError {
    const error = refusal(wanted.call, this.#base, reading, answer);
    const { token } = this.#options;
    const message = token === '' ? error.message : error.message.replaceAll(token, '[redacted]');
    const waitMs = retryAfterMs(answer.headers.get('retry-after'), this.#clock.now());
    const more = { retryAfterMs: waitMs, unknown: unknown ?? false, missing: saysNoRows(reading) };
    return new CiServerError(error.call, error.status, message, more);
  }
}

function nothing(call: string, path: string, timeoutMs: number, body?: unknown): Wanted {
  return {
    call,
    method: 'POST',
    path,
    expected: 'nothing',
    timeoutMs,
    ...(body === undefined ? {} : { body }),
  };
}

const update = (call: string, path: string, body: unknown): Wanted => ({
  call,
  method: 'PUT',
  path,
  expected: 'object',
  timeoutMs: TIMEOUT_MS.update,
  body,
});

/** A second upload meets the first one's row, which the database says in its words (drone-rpc §2.8). */
function hasLogAlready(reading: Reading): boolean {
  return reading.kind === 'refused' && reading.status === 500 && /unique|duplicate/i.test(reading.text);
}

/** Either it is there, or no repeat will make it smaller. */
function isLogSettled(reading: Reading): boolean {
  const isTooLarge = reading.kind === 'refused' && TOO_LARGE_FOR_DATABASE.test(reading.text);
  return hasLogAlready(reading) || isTooLarge;
}

function ignore(): void {
  // Nobody wants to hear of it.
}
