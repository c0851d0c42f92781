import { readFile } from 'node:fs/promises';
import { readBytes } from '@hangar/shared/read-bytes';
import { Agent, request } from 'undici';
import { type MetricsSource, MOST_ANSWER_BYTES } from '../scrape/metrics-source.ts';

/**
 * Queries targets over HTTP. `close` ends its connections.
 *
 * @param token the bearer token for all targets, taken anew for each request; undefined: none is sent
 */
export function httpMetricsSource(
  token: () => Promise<string | undefined> | string | undefined = () => undefined,
): MetricsSource & { close(): Promise<void> } {
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
        headers: { accept: 'text/plain, application/json', ...authorization(await token()) },
      });
      const type = answer.headers['content-type'];
      const contentType = Array.isArray(type) ? (type[0] ?? '') : (type ?? '');
      const tooMany = (): Error =>
        new Error(`the response is larger than ${MOST_ANSWER_BYTES / 2 ** 20} MiB: the rest is not read`);
      const body = await readBytes(answer.body, MOST_ANSWER_BYTES, tooMany);
      return { status: answer.statusCode, contentType, body: body.toString('utf8') };
    },
    close: () => dispatcher.destroy(),
  };
}

const authorization = (token: string | undefined): Record<string, string> =>
  token === undefined ? {} : { authorization: `Bearer ${token}` };

/** The token in a file, which may change: Secrets do. Undefined where no file is named. */
export const tokenIn = async (file = ''): Promise<string | undefined> =>
  file === '' ? undefined : (await readFile(file, 'utf8')).trim();
