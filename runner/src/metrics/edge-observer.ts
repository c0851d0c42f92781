import type { Clock } from '@hangar/shared/clock';
import type { StageDetail } from '../pipeline/drone.ts';
import { type CiServer, CiServerError } from '../ports/ci-server.ts';
import type { LogSource } from '../ports/log-source.ts';

/** Calls of the Drone server, as metrics name them. */
export type DroneCall = keyof CiServer;

/** Who hears what happens at the edges. All calls are cheap and never throw. */
export interface EdgeObserver {
  /** A try of a call of the Drone server has ended; status 0: no answer. Aborted ones are not told. */
  droneCalled(call: DroneCall, status: number): void;
  /** The Drone server told all about a stage and its build. */
  detailed?(detail: StageDetail): void;
  /** A piece of a live log came, so long after its first line was written. */
  logRead(lagMs: number): void;
  /** A call of the Kubernetes API was held back by our own pace. */
  held(ms: number): void;
}

const OK = 200;
const CONFLICT = 409;

/** The same server, with every settled call told. */
export function observedServer<S extends CiServer>(server: S, observer: EdgeObserver): S {
  return new Proxy(server, {
    get: (target, key) => {
      const member: unknown = Reflect.get(target, key, target);
      if (typeof member !== 'function') return member;
      const call = member.bind(target) as (...args: unknown[]) => Promise<unknown>;
      return isDroneCall(key) ? (...args: unknown[]) => reported(call(...args), key, observer) : call;
    },
  });
}

const CALLS = {
  ping: true,
  request: true,
  accept: true,
  detail: true,
  updateStage: true,
  updateStep: true,
  watch: true,
  sendLines: true,
  uploadLog: true,
  uploadCard: true,
} as const satisfies Record<DroneCall, true>;

/** Calls that the client repeats, by its own words for them. */
const REPEATED: Readonly<Record<string, DroneCall>> = {
  accept: 'accept',
  detail: 'detail',
  'PUT stage': 'updateStage',
  'PUT step': 'updateStep',
  'log upload': 'uploadLog',
  'card upload': 'uploadCard',
};

/** Tells of tries that are followed by another one: a call that is repeated for hours must show meanwhile. */
export function observedTries(observer: EdgeObserver): (call: string, status: number) => void {
  return (call, status) => {
    const name = REPEATED[call];
    if (name) observer.droneCalled(name, status);
  };
}

const isDroneCall = (key: string | symbol): key is DroneCall =>
  typeof key === 'string' && Object.hasOwn(CALLS, key);

async function reported(answer: Promise<unknown>, call: DroneCall, observer: EdgeObserver): Promise<unknown> {
  try {
    const value = await answer;
    observer.droneCalled(call, isLost(value) ? CONFLICT : OK);
    if (isDetail(value)) observer.detailed?.(value);
    return value;
  } catch (error) {
    if (error instanceof CiServerError) observer.droneCalled(call, error.status);
    throw error;
  }
}

const isDetail = (value: unknown): value is StageDetail =>
  typeof value === 'object' && value !== null && 'build' in value && 'yaml' in value;

function isLost(value: unknown): boolean {
  const kind = typeof value === 'object' && value !== null && 'kind' in value ? value.kind : '';
  return kind === 'conflict' || kind === 'lost';
}

/** The same source, with the delay of every piece told. */
export function observedLogs(clock: Clock, source: LogSource, observer: EdgeObserver): LogSource {
  return {
    open: async (request) => timed(clock, await source.open(request), observer),
  };
}

/** `2026-01-14T09:30:00.123456789Z`: enough of a line's head to read its time to the millisecond. */
const STAMP = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,3})?)\d*Z /;
const STAMP_BYTES = 40;

async function* timed(
  clock: Clock,
  pieces: AsyncIterable<Uint8Array>,
  observer: EdgeObserver,
): AsyncIterable<Uint8Array> {
  for await (const piece of pieces) {
    const [, stamp] = STAMP.exec(Buffer.from(piece.subarray(0, STAMP_BYTES)).toString('latin1')) ?? [];
    if (stamp !== undefined) observer.logRead(Math.max(0, clock.now() - Date.parse(`${stamp}Z`)));
    yield piece;
  }
}
