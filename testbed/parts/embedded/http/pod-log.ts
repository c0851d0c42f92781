import type { ServerResponse } from 'node:http';
import type { ObjectApi } from '../api/object-api.ts';
import { allContainers, type Pod, podOf } from '../api/pod.ts';
import { badRequest } from '../api/status-errors.ts';
import type { HttpReply } from './reply.ts';
import { isTrue, type ResourceRequest } from './request-info.ts';

/** The options of a log request. */
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
export interface PodLogSource {
  /**
   * Writes the log and, on request, follows it until the container ends.
   * @returns stops following
   * @throws {ApiError} 400 with the kubelet's text
   */
  readLog(pod: Pod, options: LogOptions, sink: LogSink): () => void;
}

/** `GET pods/x/log`: finds the container and streams what the kubelet has of it. */
export function servePodLog(
  parts: { api: ObjectApi; logs: PodLogSource; nowMs: () => number },
  request: ResourceRequest,
  response: ServerResponse,
  cutAtByte = Number.POSITIVE_INFINITY,
): HttpReply {
  const pod = podOf(parts.api.get(request));
  const options = optionsOf(pod, request.query, parts.nowMs());
  if ((pod.spec.nodeName ?? '') === '') response.writeHead(204).end();
  else streamLog((sink) => parts.logs.readLog(pod, options, sink), response, cutAtByte);
  return { kind: 'streamed' };
}

function streamLog(read: (sink: LogSink) => () => void, response: ServerResponse, cutAtByte: number): void {
  let bytes = 0;
  const open = (): void => {
    if (response.headersSent) return;
    response.writeHead(200, { 'content-type': 'text/plain' });
    response.flushHeaders();
  };
  const write = (chunk: Buffer): void => {
    if (response.destroyed) return;
    open();
    const left = Math.max(0, cutAtByte - bytes);
    bytes += chunk.length;
    response.write(chunk.subarray(0, left));
    // The connection is cut after the written bytes were sent, so that the client sees the exact bytes.
    if (left < chunk.length) response.write('', () => response.destroy());
  };
  const end = (): void => {
    open();
    if (bytes <= cutAtByte) response.end();
  };
  const stop = read({ write, end });
  open();
  response.on('close', stop);
}

function optionsOf(pod: Pod, query: URLSearchParams, nowMs: number): LogOptions {
  const numberOf = (name: string): number | undefined =>
    query.get(name) ? Number(query.get(name)) : undefined;
  const sinceSeconds = numberOf('sinceSeconds');
  return {
    container: containerOf(pod, query.get('container') ?? ''),
    follow: isTrue(query.get('follow')),
    previous: isTrue(query.get('previous')),
    timestamps: isTrue(query.get('timestamps')),
    sinceMs:
      sinceSeconds === undefined ? sinceTimeMs(query.get('sinceTime') ?? '') : nowMs - sinceSeconds * 1000,
    tailLines: numberOf('tailLines'),
    limitBytes: numberOf('limitBytes'),
  };
}

/** The API server hands the time on to the kubelet in whole seconds: fractions are lost. */
function sinceTimeMs(text: string): number | undefined {
  if (text === '') return undefined;
  const ms = Date.parse(text);
  if (Number.isNaN(ms))
    throw badRequest(
      `parsing time "${text}" as "2006-01-02T15:04:05Z07:00": cannot parse "${text}" as "2006"`,
    );
  return Math.floor(ms / 1000) * 1000;
}

function containerOf(pod: Pod, wanted: string): string {
  const all = allContainers(pod).map(({ name }) => name);
  const [only, ...others] = pod.spec.containers.map(({ name }) => name);
  if (wanted === '' && only !== undefined && others.length === 0) return only;
  if (all.includes(wanted)) return wanted;
  throw badRequest(
    wanted === ''
      ? `a container name must be specified for pod ${pod.metadata.name}, choose one of: [${all.join(' ')}]`
      : `container ${wanted} is not valid for pod ${pod.metadata.name}`,
  );
}
