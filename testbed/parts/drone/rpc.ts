import { type Backend, RpcFailure } from './backend.ts';
import type { Calls, Endpoint, RecordedCall } from './calls.ts';
import { complaintsAboutFinish, complaintsAboutStart, complaintsAboutUpload } from './checks.ts';
import { type DetailFailure, failDetail, stageDetail } from './detail.ts';
import { decodeList, decodeObject, GoJsonError, parseGoJson } from './go-json.ts';
import { isStart } from './status.ts';
import { acceptStage, putStage, putStep } from './updates.ts';
import { encodeStage, encodeStageUpdate, encodeStep, WIRE_SHAPES } from './wire.ts';

/** `database`: a second upload is refused. `object-store`: it overwrites (drone-rpc §2.8). */
export type LogStorage = 'database' | 'object-store';

/** How this server is set up; what is writable may be changed at any time. */
export interface RpcSettings {
  readonly secret: string;
  readonly longPollMs: number;
  readonly logStorage: LogStorage;
  /** How detail describes the server. */
  system: object;
  /** The failures that the next detail calls meet, in order. */
  readonly detailFailures: DetailFailure[];
}

/** What a handler answers. */
export interface RpcReply {
  readonly status: number;
  readonly body: Buffer;
  readonly headers?: Readonly<Record<string, string>>;
}

/** One call as the handlers see it. */
export interface RpcCall {
  readonly record: RecordedCall;
  readonly query: URLSearchParams;
  readonly body: Buffer;
  /** Fires when the client hangs up. */
  readonly gone: AbortSignal;
}

/** What the handlers work with. */
export interface RpcParts {
  readonly backend: Backend;
  readonly settings: RpcSettings;
  readonly calls: Calls;
  readonly complain: (text: string) => void;
}

const NOTHING = Buffer.alloc(0);
const EMPTY: RpcReply = { status: 200, body: NOTHING };
const NO_CONTENT: RpcReply = { status: 204, body: NOTHING };
const TEXT = { 'content-type': 'text/plain; charset=utf-8' };

/** JSON is sent as text/plain with a final newline, as Go guesses it (drone-rpc §1.3). */
const json = (value: unknown): RpcReply => ({
  status: 200,
  body: Buffer.from(`${JSON.stringify(value)}\n`),
  headers: TEXT,
});

/** A plain text answer; an empty text has no type. */
export const plain = (status: number, text: string): RpcReply => ({
  status,
  body: Buffer.from(text),
  ...(text === '' ? {} : { headers: TEXT }),
});

type Handler = (parts: RpcParts, call: RpcCall) => RpcReply | Promise<RpcReply>;

const HANDLERS: Readonly<Record<Endpoint, Handler>> = {
  ping: () => EMPTY,
  request: requestStage,
  accept: ({ backend }, { record, query }) => {
    record.machine = query.get('machine') ?? '';
    return json(encodeStage(acceptStage(backend, record.pathId, record.machine)));
  },
  detail,
  'stage-update': updateStage,
  'step-update': updateStep,
  watch,
  'log-batch': writeBatch,
  'log-upload': uploadLog,
  card: uploadCard,
};

/** Runs the handler of an endpoint; every failure becomes the answer that the real server gives. */
export async function applyCall(parts: RpcParts, endpoint: Endpoint, call: RpcCall): Promise<RpcReply> {
  try {
    return await HANDLERS[endpoint](parts, call);
  } catch (error) {
    if (error instanceof RpcFailure) return plain(error.status, error.message);
    if (error instanceof GoJsonError) return plain(500, error.message);
    throw error;
  }
}

async function requestStage(
  { backend, settings }: RpcParts,
  { record, body, gone }: RpcCall,
): Promise<RpcReply> {
  const filter = decodeObject(parseGoJson(body.toString()), WIRE_SHAPES.filter, 'Filter');
  record.body = filter;
  const stage = await backend.queue.poll(filter, settings.longPollMs, gone);
  return stage === undefined ? NO_CONTENT : json(encodeStage(stage));
}

function detail({ backend, settings }: RpcParts, { record }: RpcCall): RpcReply {
  const failure = settings.detailFailures.shift();
  if (failure !== undefined) return failDetail(backend, record.pathId, failure);
  return json(stageDetail(backend, record.pathId, settings.system));
}

function updateStage({ backend, complain }: RpcParts, { record, body }: RpcCall): RpcReply {
  const update = decodeObject(parseGoJson(body.toString()), WIRE_SHAPES.stageUpdate, 'Stage');
  const complaints = isStart(update.status)
    ? complaintsAboutStart(update)
    : complaintsAboutFinish(update, backend.store.stages.get(update.id));
  for (const complaint of complaints) complain(complaint);
  record.body = update;
  record.object = `stage:${update.id}`;
  return json(encodeStageUpdate(putStage(backend, update)));
}

function updateStep({ backend }: RpcParts, { record, body }: RpcCall): RpcReply {
  const step = decodeObject(parseGoJson(body.toString()), WIRE_SHAPES.step, 'Step');
  record.body = step;
  record.object = `step:${step.id}`;
  return json(encodeStep(putStep(backend, step)));
}

async function watch({ backend, settings }: RpcParts, { record, gone }: RpcCall): Promise<RpcReply> {
  const outcome = await backend.watches.watch(record.pathId, settings.longPollMs, gone);
  switch (outcome) {
    case 'cancelled':
      return EMPTY;
    case 'quiet':
      return NO_CONTENT;
    case 'redis-nil':
      return plain(500, 'redis: nil');
  }
}

function writeBatch({ backend }: RpcParts, { record, body }: RpcCall): RpcReply {
  const lines = decodeList(parseGoJson(body.toString()), WIRE_SHAPES.line, 'Line');
  record.lines = lines.length;
  if (lines.length > 0 && !backend.streams.write(record.pathId, lines))
    return plain(500, 'stream: not found');
  return EMPTY;
}

/** Stores the bytes as they are; only the double parses them, to report to tests what would break the UI. */
function uploadLog({ backend, settings, complain }: RpcParts, { record, body }: RpcCall): RpcReply {
  const { store } = backend;
  // The real server stores it all the same: none of its databases holds the reference to the step.
  if (store.steps.get(record.pathId) === undefined) {
    complain(`uploaded log of step ${record.pathId}: there is no such step`);
    return EMPTY;
  }
  if (settings.logStorage === 'database' && store.uploadedLog(record.pathId) !== undefined)
    return plain(500, 'UNIQUE constraint failed: logs.log_id');
  for (const complaint of complaintsAboutUpload(record.pathId, body)) complain(complaint);
  store.saveLog(record.pathId, body);
  return EMPTY;
}

/** Storage errors are swallowed here: an unknown step is answered 200. */
function uploadCard({ backend }: RpcParts, { record, body }: RpcCall): RpcReply {
  try {
    const card = decodeObject(JSON.parse(body.toString()), WIRE_SHAPES.card, 'CardInput');
    record.body = card;
    if (backend.store.steps.get(record.pathId) !== undefined)
      backend.store.saveCard(record.pathId, card.data);
    return EMPTY;
  } catch (error) {
    return plain(400, `${JSON.stringify({ message: String(error) })}\n`);
  }
}
