import type { ServerName } from '../plan/actions.ts';

const REASONS: Readonly<Record<number, readonly [reason: string, message: string]>> = {
  401: ['Unauthorized', 'Unauthorized'],
  403: [
    'Forbidden',
    'pods is forbidden: User "runner" cannot create resource "pods" in API group "" in the namespace "hangar"',
  ],
  409: ['Conflict', 'Operation cannot be fulfilled: the object has been modified'],
  410: ['Expired', 'The resourceVersion for the provided watch is too old.'],
  429: ['TooManyRequests', 'too many requests, please try again later'],
  500: ['InternalError', 'Internal error occurred: etcdserver: request timed out'],
  503: ['ServiceUnavailable', 'the server is currently unable to handle the request'],
};

/** An error answer in the form of that server. */
export function errorBodyOf(
  server: ServerName,
  status: number,
): { readonly headers: Readonly<Record<string, string>>; readonly body: string } {
  const retryAfter: Record<string, string> = status === 429 ? { 'retry-after': '1' } : {};
  if (server === 'drone')
    return {
      headers: { 'content-type': 'text/plain; charset=utf-8', ...retryAfter },
      body: status === 500 ? 'sql: database is closed\n' : '',
    };
  const [reason, message] = REASONS[status] ?? ['', ''];
  const answer = {
    kind: 'Status',
    apiVersion: 'v1',
    metadata: {},
    status: 'Failure',
    reason,
    message,
    code: status,
  };
  return { headers: { 'content-type': 'application/json', ...retryAfter }, body: JSON.stringify(answer) };
}
