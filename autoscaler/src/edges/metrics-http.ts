import { readFile } from 'node:fs/promises';
import { readBytes } from '@hangar/shared/read-bytes';
import { Agent, request } from 'undici';
import { type MetricsSource, MOST_ANSWER_BYTES } from '../scrape/metrics-source.ts';

/**
 * Queries targets over HTTP. `close` ends its connections.
 *
 * @param tokenFile holds a bearer token for all targets; read for each request, since Secrets change; empty: no token is sent
 */
export function httpMetricsSource(tokenFile = ''): MetricsSource & { close(): Promise<void> } {
  // The caller's signal sets the deadline; connections are kept between ticks.
  const dispatcher = new Agent({
    headersTimeout: 0,
    bodyTimeout: 0,
    keepAliveTimeout: 30_000,
    connections: 2,
  });
  return {
    get: async (url, signal) => {
      const answer = await request(url, {
        dispatcher,
        signal,
        headers: { accept: 'text/plain, application/json', ...(await authorization(tokenFile)) },
      });
      const type = answer.headers['content-type'];
      const contentType = Array.isArray(type) ? (type[0] ?? '') : (type ?? '');
      const tooMany = (): Error =>
        new Error(`it answers with more than ${MOST_ANSWER_BYTES / 2 ** 20} MiB: the rest is not read`);
      const body = await readBytes(answer.body, MOST_ANSWER_BYTES, tooMany);
      return { status: answer.statusCode, contentType, body: body.toString('utf8') };
    },
    close: () => dispatcher.destroy(),
  };
}

async function authorization(tokenFile: string): Promise<Record<string, string>> {
  if (tokenFile === '') return {};
  return { authorization: `Bearer ${(await readFile(tokenFile, 'utf8')).trim()}` };
}
