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
import { AnswerTooLong, type HttpCall, type HttpOutcome, httpCall } from './http-call.ts';
import { logBody } from './log-body.ts';
import { ServerOutage } from './server-outage.ts';
import { saysNoRows, UnknownStageCheck } from './unknown-stage.ts';

/** The server's address and how to connect to it (`DRONE_RPC_*`). */
export interface DroneOptions {
  /** `{proto}://{host}`, with or without a path prefix; trailing slashes don't matter. */
  readonly baseUrl: string;
  readonly token: string;
  readonly skipVerify: boolean;
  readonly dump: DumpLevel;
  readonly proxies?: Proxies;
  /** Largest pipeline file that is read, in bytes. */
  readonly pipelineLimitBytes?: number;
}

/** The dependencies of the client; `dump` prints traffic, `log` receives outages. */
export interface DroneDeps {
  readonly clock: Clock;
  readonly random: () => number;
  readonly log?: Pick<Logger, 'warn' | 'info'>;
  readonly dump?: (text: string) => void;
  /** Tracks calls that are retried; default: an instance for this client. */
  readonly outage?: ServerOutage;
  /** Called for each try that is followed by another one; status 0: no answer, or an invalid one. */
  readonly retried?: (call: string, status: number) => void;
  /** Called before each try of a call that may change something; an error from it ends the call. */
  readonly beforeWrite?: () => void;
}

/** The server over HTTP; `close` ends its connections and the calls on them. */
export type DroneClient = CiServer & { close(): Promise<void> };

/** Time limit of each try (drone-rpc §1.3); aborting an update early is harmful. */
const TIMEOUT_MS = {
  ping: 10_000,
  poll: 60_000,
  accept: 60_000,
  detail: 300_000,
  update: 120_000,
  batch: 10_000,
  logs: 60_000,
} as const;

const PIPELINE_LIMIT_BYTES = 1024 * 1024;
/** What details have beside the pipeline file, at most: the build, its secrets and its stages. */
const OTHER_DETAILS_BYTES = 4 * 1024 * 1024;
/** Base64 of a file that is just too large, so that it is refused as such. */
const base64Of = (limitBytes: number): number => (Math.ceil(limitBytes / 3) + 1) * 4;

/** Retries of a detail call after a 500, which may come from the Git host: then the server has failed the build (drone-rpc §2.3). */
const DETAIL_RETRIES = 3;
/** Statuses for a request that is itself invalid or too large. */
const REFUSED: readonly number[] = [400, 413];

/** Calls that don't change a stage. A detail call may: its failure can fail the build (drone-rpc §2.3). */
const READ_ONLY: ReadonlySet<string> = new Set(['ping', 'request a stage', 'watch']);

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
  readonly limits?: Pick<HttpCall, 'limitBytes' | 'longestString'>;
  readonly body?: unknown;
  /** A JSON body that is generated while it is sent, again for each try. */
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
  /** For watches, each of which lasts: with a thousand of them in one pool, each call would go through all their connections. */
  readonly #watches: Dispatcher;

  constructor(deps: DroneDeps, options: DroneOptions) {
    this.#clock = deps.clock;
    const outage = deps.outage ?? new ServerOutage(deps.clock, deps.log ?? silentLogger);
    this.#retry = { clock: deps.clock, random: deps.random, outage, retried: deps.retried };
    this.#options = options;
    this.#base = `${options.baseUrl.replace(/\/+$/, '')}/rpc/v2`;
    this.#dump = options.dump === 'off' ? ignore : (deps.dump ?? ignore);
    this.#beforeWrite = deps.beforeWrite ?? ignore;
    this.#dispatcher = createAgent({ ...options, url: this.#base });
    this.#watches = createAgent({ ...options, url: this.#base });
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
    // A stage that doesn't exist was not accepted, unless an earlier try accepted it.
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

  async detail(stageId: number, signal: AbortSignal, how = { isRepeated: true }): Promise<StageDetail> {
    const longestString = base64Of(this.#options.pipelineLimitBytes ?? PIPELINE_LIMIT_BYTES);
    const wanted: Wanted = {
      call: 'detail',
      method: 'GET',
      path: `/stage/${stageId}`,
      expected: 'object',
      timeoutMs: TIMEOUT_MS.detail,
      limits: { longestString, limitBytes: longestString + OTHER_DETAILS_BYTES },
    };
    const settled = await this.#persist(
      wanted,
      { permanent: REFUSED, repeatsAfter500: how.isRepeated ? DETAIL_RETRIES : 0 },
      signal,
    );
    if (settled.reading.kind === 'object') return detailFromWire(settled.reading.value);
    throw this.#refusal(wanted, settled);
  }

  async updateStage(stage: DroneStage, signal: AbortSignal): Promise<Update<DroneStage>> {
    // The end of a stage is retried without limit, because a refusal may come from a proxy.
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
    // Servers with Redis answer the end of a quiet watch in this way (drone-rpc §2.6).
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

  async close(): Promise<void> {
    await Promise.all([this.#dispatcher.destroy(), this.#watches.destroy()]);
  }

  /** After a lost answer, a 409 may come from this runner's own claim, which the stage's machine shows (drone-rpc §2.2). */
  async #isOurs(
    stageId: number,
    machine: string,
    signal: AbortSignal,
  ): Promise<{ kind: 'accepted'; stage: DroneStage } | { kind: 'lost' }> {
    const { stage } = await this.detail(stageId, signal);
    // A stage that is running or over was accepted long before.
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

  #unknownStage(signal: AbortSignal): UnknownStageCheck {
    return new UnknownStageCheck(this.#clock, () => this.ping(signal));
  }

  /** Tries a call once; any answer but a success is an error. */
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
    if (!READ_ONLY.has(wanted.call)) this.#beforeWrite();
    const { token, dump } = this.#options;
    const call = this.#toHttp(wanted);
    this.#dump(dump === 'off' ? '' : dumpCall(call, token, dump));
    const dispatcher = wanted.call === 'watch' ? this.#watches : this.#dispatcher;
    const outcome = orTooLarge(wanted, await httpCall({ clock: this.#clock, dispatcher }, call, signal));
    this.#dump(dump === 'off' ? '' : dumpOutcome(outcome, token, dump));
    return outcome;
  }

  #toHttp(wanted: Wanted): HttpCall {
    const { method, path, timeoutMs, limits } = wanted;
    const auth = { 'x-drone-token': this.#options.token };
    const url = this.#base + path;
    if (wanted.body === undefined && !wanted.stream)
      return { method, url, headers: auth, timeoutMs, ...limits };
    const headers = { ...auth, 'content-type': 'application/json' };
    const body = wanted.stream ?? JSON.stringify(wanted.body);
    return { method, url, headers, timeoutMs, body };
  }

  /** The error for an unusable answer. A server's text may quote the request's header, so the token is redacted. */
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

/** Details that are too long stay that: as a refusal, which is final. Of other calls, an answer without end is that of another server. */
function orTooLarge({ call }: Wanted, outcome: HttpOutcome): HttpOutcome {
  if (outcome.kind === 'answer' || call !== 'detail' || !(outcome.cause instanceof AnswerTooLong))
    return outcome;
  return { kind: 'answer', status: 413, headers: new Map(), body: Buffer.from(outcome.reason) };
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

/** A second upload conflicts with the row of the first, which the answer shows as an error of the database (drone-rpc §2.8). */
function hasLogAlready(reading: Reading): boolean {
  return reading.kind === 'refused' && reading.status === 500 && /unique|duplicate/i.test(reading.text);
}

/** Whether the log is stored already or too large, so that a retry is useless. */
function isLogSettled(reading: Reading): boolean {
  const isTooLarge = reading.kind === 'refused' && TOO_LARGE_FOR_DATABASE.test(reading.text);
  return hasLogAlready(reading) || isTooLarge;
}

function ignore(): void {
  // Without a listener there is nothing to do.
}
