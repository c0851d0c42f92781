import { readFile } from 'node:fs/promises';
import { request as plainRequest } from 'node:http';
import { request as secureRequest } from 'node:https';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import type { Probe } from './plan/services.ts';

/** One request to a server on loopback. */
export interface ProbeRequest {
  readonly method?: string;
  readonly url: string;
  readonly authority?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
  readonly timeoutMs?: number;
}

/** The response. */
export interface ProbeAnswer {
  readonly status: number;
  readonly body: string;
}

/** Makes one HTTP(S) request, the server's certificate checked against `authority`; rejects without an answer. */
export function call(wanted: ProbeRequest): Promise<ProbeAnswer> {
  const url = new URL(wanted.url);
  const secure = url.protocol === 'https:';
  return new Promise((resolve, reject) => {
    const options = {
      method: wanted.method ?? 'GET',
      headers: { ...wanted.headers },
      timeout: wanted.timeoutMs ?? 5_000,
      // No shared agent: a kept-alive connection would keep the command line from ending.
      agent: false as const,
      ...(secure && wanted.authority !== undefined ? { ca: wanted.authority } : {}),
    };
    const request = (secure ? secureRequest : plainRequest)(url, options, (response) => {
      text(response).then((body) => resolve({ status: response.statusCode ?? 0, body }), reject);
    });
    request.on('timeout', () => request.destroy(new Error(`no answer from ${wanted.url}`)));
    request.on('error', reject);
    request.end(wanted.body);
  });
}

function acceptsConnection(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

/** Whether a process answers its probe; `authorityFile` is the CA of https probes. */
export async function answers(probe: Probe, authorityFile: string): Promise<boolean> {
  if (probe.kind === 'socket') return acceptsConnection(probe.path);
  try {
    const authority = probe.url.startsWith('https:') ? await readFile(authorityFile, 'utf8') : undefined;
    const answer = await call({
      url: probe.url,
      timeoutMs: 3_000,
      ...(authority === undefined ? {} : { authority }),
    });
    return answer.status === 200;
  } catch {
    return false;
  }
}
