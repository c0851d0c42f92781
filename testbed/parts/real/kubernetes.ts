import { readFile } from 'node:fs/promises';
import { type Layout, serverUrl, statePaths } from './plan/layout.ts';
import { call, type ProbeAnswer } from './probe.ts';

/** The API server as its admin sees it: one request, JSON in and out. */
export type Api = (
  method: string,
  path: string,
  body?: unknown,
  contentType?: string,
) => Promise<ProbeAnswer>;

/** Connects to the running cluster with the admin's token. */
export async function adminApi(layout: Layout): Promise<Api> {
  const { keys } = statePaths(layout);
  const authority = await readFile(`${keys}/ca.crt`, 'utf8');
  const token = await readFile(`${keys}/admin.token`, 'utf8');
  return (method, path, body, contentType = 'application/json') =>
    call({
      method,
      url: `${serverUrl}${path}`,
      authority,
      headers: { authorization: `Bearer ${token}`, 'content-type': contentType },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      timeoutMs: 10_000,
    });
}

/** Throws with the server's message unless the answer has one of these statuses. */
export function expectStatus(answer: ProbeAnswer, wanted: readonly number[], what: string): ProbeAnswer {
  if (wanted.includes(answer.status)) return answer;
  throw new Error(`${what}: the API server said ${answer.status} ${answer.body.slice(0, 300)}`);
}
