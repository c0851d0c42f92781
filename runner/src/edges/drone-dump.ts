import type { HttpCall, HttpOutcome } from './http-call.ts';

/** How much of the traffic with the server is printed: `DRONE_RPC_DUMP_HTTP`, `DRONE_RPC_DUMP_HTTP_BODY`. */
export type DumpLevel = 'off' | 'heads' | 'bodies';

const HIDDEN = '[redacted]';
/** Members of the detail answer that hold secrets in clear text (drone-rpc §1.1). */
const SECRET_MEMBERS = new Set(['secrets', 'netrc', 'secret']);

/** A request as text for the operator's eyes, without the token and without secrets (known issue 57). */
export function dumpCall(call: HttpCall, token: string, level: DumpLevel): string {
  const heads = Object.entries(call.headers).map(([name, value]) => `${name}: ${shown(name, value)}`);
  return assemble(
    [`> ${call.method} ${call.url}`, ...heads],
    level === 'bodies' ? textOf(call.body) : '',
    token,
  );
}

/** An answer as text, with the same cuts. */
export function dumpOutcome(outcome: HttpOutcome, token: string, level: DumpLevel): string {
  if (outcome.kind === 'none') return assemble([`< no answer: ${outcome.reason}`], '', token);
  const heads = [...outcome.headers].map(([name, value]) => `${name}: ${shown(name, value)}`);
  const body = level === 'bodies' ? outcome.body.toString('utf8') : '';
  return assemble([`< ${outcome.status}`, ...heads], body, token);
}

/** A log is sent while it is read: it is in the step's page, and needs no second place. */
function textOf(body: HttpCall['body'] = ''): string {
  return typeof body === 'string' ? body : '[a whole log, not shown]';
}

function shown(name: string, value: string): string {
  return name.toLowerCase() === 'x-drone-token' ? HIDDEN : value;
}

function assemble(heads: readonly string[], body: string, token: string): string {
  const text = [...heads, '', ...(body === '' ? [] : [withoutSecrets(body)])].join('\n');
  return token === '' ? text : text.replaceAll(token, HIDDEN);
}

/** A body that isn't whole JSON can't be cut member by member: then none of it is shown. */
function withoutSecrets(body: string): string {
  try {
    return JSON.stringify(JSON.parse(body), (name, value: unknown) =>
      SECRET_MEMBERS.has(name) && value !== null ? HIDDEN : value,
    );
  } catch {
    return /secret|netrc/i.test(body) ? `[${body.length} characters, not JSON, hidden]` : body;
  }
}
