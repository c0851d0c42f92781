import type { ServerResponse } from 'node:http';
import type { ObjectApi } from '../api/object-api.ts';
import { type Pod, podOf } from '../api/pod.ts';
import { badRequest } from '../api/status-errors.ts';
import type { Reply } from './reply.ts';
import type { ResourceRequest } from './request-info.ts';

/** What a reader of a log may ask for. */
export interface LogOptions {
  readonly container: string;
  readonly follow: boolean;
  readonly previous: boolean;
  readonly timestamps: boolean;
  readonly sinceMs: number | undefined;
  readonly tailLines: number | undefined;
  readonly limitBytes: number | undefined;
}

export interface LogSink {
  readonly write: (text: Buffer) => void;
  readonly end: () => void;
}

/** The kubelet's side of a log request. */
export interface LogSource {
  /**
   * Writes the log and, when asked, follows it until the container ends.
   * @returns stops following
   * @throws {ApiError} 400 with the kubelet's text
   */
  readLog(pod: Pod, options: LogOptions, sink: LogSink): () => void;
}

/** `GET pods/x/log`: finds the container and streams what the kubelet has of it. */
export function servePodLog(
  parts: { api: ObjectApi; logs: LogSource; nowMs: () => number },
  request: ResourceRequest,
  response: ServerResponse,
  cutAtByte: number | undefined,
): Reply {
  const pod = podOf(parts.api.get(request));
  const options = optionsOf(pod, request.query, parts.nowMs());
  if ((pod.spec.nodeName ?? '') === '') {
    response.writeHead(204).end();
    return { is: 'streamed' };
  }
  streamLog(parts.logs, pod, options, { response, cutAtByte });
  return { is: 'streamed' };
}

function streamLog(
  logs: LogSource,
  pod: Pod,
  options: LogOptions,
  { response, cutAtByte }: { response: ServerResponse; cutAtByte: number | undefined },
): void {
  let bytes = 0;
  const open = (): void => {
    if (response.headersSent) return;
    response.writeHead(200, { 'content-type': 'text/plain' });
    response.flushHeaders();
  };
  const write = (chunk: Buffer): void => {
    if (response.destroyed) return;
    open();
    const left = cutAtByte === undefined ? chunk.length : Math.max(0, cutAtByte - bytes);
    bytes += chunk.length;
    response.write(chunk.subarray(0, left));
    // The cut comes after what was written has left, so that the client sees the exact bytes.
    if (left < chunk.length) response.write('', () => response.destroy());
  };
  const end = (): void => {
    open();
    if (cutAtByte === undefined || bytes <= cutAtByte) response.end();
  };
  const stop = logs.readLog(pod, options, { write, end });
  open();
  response.on('close', stop);
}

function optionsOf(pod: Pod, query: URLSearchParams, nowMs: number): LogOptions {
  const flag = (name: string): boolean => ['true', '1'].includes(query.get(name) ?? '');
  const sinceSeconds = numberOf(query.get('sinceSeconds'));
  return {
    container: containerOf(pod, query.get('container') ?? ''),
    follow: flag('follow'),
    previous: flag('previous'),
    timestamps: flag('timestamps'),
    sinceMs: sinceSeconds === undefined ? sinceTimeMs(query.get('sinceTime')) : nowMs - sinceSeconds * 1000,
    tailLines: numberOf(query.get('tailLines')),
    limitBytes: numberOf(query.get('limitBytes')),
  };
}

function numberOf(text: string | null): number | undefined {
  return text === null || text === '' ? undefined : Number(text);
}

/** The API server hands the time on to the kubelet in whole seconds: fractions are lost. */
function sinceTimeMs(text: string | null): number | undefined {
  if (text === null || text === '') return undefined;
  const ms = Date.parse(text);
  if (Number.isNaN(ms))
    throw badRequest(
      `parsing time "${text}" as "2006-01-02T15:04:05Z07:00": cannot parse "${text}" as "2006"`,
    );
  return Math.floor(ms / 1000) * 1000;
}

function containerOf(pod: Pod, wanted: string): string {
  const names = pod.spec.containers.map(({ name }) => name);
  const all = [...(pod.spec.initContainers ?? []).map(({ name }) => name), ...names];
  if (wanted !== '') {
    if (all.includes(wanted)) return wanted;
    throw badRequest(`container ${wanted} is not valid for pod ${pod.metadata.name}`);
  }
  const [only] = names;
  if (names.length === 1 && only !== undefined) return only;
  throw badRequest(
    `a container name must be specified for pod ${pod.metadata.name}, choose one of: [${all.join(' ')}]`,
  );
}
