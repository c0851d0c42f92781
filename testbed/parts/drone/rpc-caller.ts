import type { WireStage, WireStageUpdate, WireStep } from './wire.ts';

/** A body that may be as wrong as a test wants it. */
type Body = Readonly<Record<string, unknown>> & { readonly id?: unknown };

/** The request. */
interface RawRequest {
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: string | null;
  readonly signal?: AbortSignal | null;
}

/** An answer as received. */
export interface RawAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
}

/** One call on a connection of its own, so that no test depends on a pooled one; rejects if the answer is not whole. */
export async function rawCall(url: string, { headers, ...init }: RawRequest): Promise<RawAnswer> {
  const closing = { ...headers, connection: 'close' };
  const response = await fetch(url, { ...init, headers: closing, redirect: 'manual' });
  return {
    status: response.status,
    headers: Object.fromEntries(response.headers),
    text: await response.text(),
  };
}

/** Makes RPC calls as a runner does, one raw call at a time; for tests of the practice server itself. */
export class RpcCaller {
  readonly #url: string;
  readonly #token: string | undefined;

  constructor(url: string, token: string | undefined) {
    this.#url = url;
    this.#token = token;
  }

  /** One call; a string body is sent unchanged, anything else as JSON. */
  call(method: string, path: string, body?: unknown, signal: AbortSignal | null = null): Promise<RawAnswer> {
    const headers = this.#token === undefined ? {} : { 'x-drone-token': this.#token };
    const text = typeof body === 'string' || body === undefined ? (body ?? null) : JSON.stringify(body);
    return rawCall(this.#url + path, { method, headers, body: text, signal });
  }

  /** Polls once for a stage of type kubernetes. */
  poll(filter: object = {}, signal?: AbortSignal): Promise<RawAnswer> {
    return this.call('POST', '/rpc/v2/stage', { kind: 'pipeline', type: 'kubernetes', ...filter }, signal);
  }

  accept(stageId: number, machine = 'tester'): Promise<RawAnswer> {
    return this.call('POST', `/rpc/v2/stage/${stageId}?machine=${encodeURIComponent(machine)}`);
  }

  detail(stageId: number): Promise<RawAnswer> {
    return this.call('GET', `/rpc/v2/stage/${stageId}`);
  }

  putStage(stage: Body): Promise<RawAnswer> {
    return this.call('PUT', `/rpc/v2/stage/${Number(stage.id ?? 0)}`, stage);
  }

  putStep(step: Body): Promise<RawAnswer> {
    return this.call('PUT', `/rpc/v2/step/${Number(step.id ?? 0)}`, step);
  }

  watch(buildId: number): Promise<RawAnswer> {
    return this.call('POST', `/rpc/v2/build/${buildId}/watch`);
  }

  batch(stepId: number, lines: unknown): Promise<RawAnswer> {
    return this.call('POST', `/rpc/v2/step/${stepId}/logs/batch`, lines);
  }

  upload(stepId: number, lines: unknown): Promise<RawAnswer> {
    return this.call('POST', `/rpc/v2/step/${stepId}/logs/upload`, lines);
  }

  /** Polls and accepts; answers the accepted stage. */
  async take(filter: object = {}): Promise<WireStage> {
    const offer = JSON.parse((await this.poll(filter)).text) as WireStage;
    return JSON.parse((await this.accept(offer.id)).text) as WireStage;
  }

  /** Polls, accepts and starts with steps of these names; answers the started stage with its steps' ids. */
  async start(...names: readonly string[]): Promise<WireStageUpdate> {
    const stage = await this.take();
    const steps = names.map((name, index) => newStep(stage.id, index + 1, name));
    const answer = await this.putStage({ ...stage, status: 'running', started: 1_768_383_006, steps });
    return JSON.parse(answer.text) as WireStageUpdate;
  }

  /** Sends a step's update and returns the received one. */
  async step(step: WireStep, change: Partial<WireStep>): Promise<WireStep> {
    return JSON.parse((await this.putStep({ ...step, ...change })).text) as WireStep;
  }
}

/** A step as a runner registers it. */
export function newStep(stageId: number, number: number, name: string): Partial<WireStep> {
  return {
    ...{ id: 0, step_id: stageId, number, name, status: 'pending' },
    ...{ exit_code: 0, version: 0, image: 'alpine:3' },
  };
}
