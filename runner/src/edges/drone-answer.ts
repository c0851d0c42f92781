import { STATUS_CODES } from 'node:http';
import { isRecord, parseJson } from '@hangar/shared/json';
import { CiServerError } from '../ports/ci-server.ts';
import type { HttpOutcome } from './http-call.ts';

/** A whole answer of the server. */
export type Answer = Extract<HttpOutcome, { kind: 'answer' }>;

/** What a call's 200 must carry: a JSON object, or nothing at all (drone-rpc §2). */
export type Expected = 'object' | 'nothing';

/** An answer read for what it means. `strange`: a 200 that no Drone server gives, such as a web page or half a body. */
export type Reading =
  | { readonly kind: 'object'; readonly value: Readonly<Record<string, unknown>> }
  | { readonly kind: 'nothing' }
  | { readonly kind: 'strange'; readonly why: string }
  | { readonly kind: 'refused'; readonly status: number; readonly text: string };

/** The server's error for an unknown stage or step, with the same status as in an outage (drone-rpc §2.0). */
const NO_ROWS = 'sql: no rows in result set';

/** Whether the server answers that it has no such row. */
export const saysNoRows = (reading: Reading): boolean =>
  reading.kind === 'refused' && reading.status === 500 && reading.text === NO_ROWS;

/** Reads an answer by endpoint, since the server calls everything `text/plain` (drone-rpc §1.3). */
export function readAnswer(answer: Answer, expected: Expected): Reading {
  const text = answer.body.toString('utf8').trim();
  if (answer.status !== 200 && answer.status !== 204) return { kind: 'refused', status: answer.status, text };
  if (looksLikeHtml(answer, text)) return { kind: 'strange', why: 'the response is a web page' };
  if (answer.status === 204 || (expected === 'nothing' && text === '')) return { kind: 'nothing' };
  if (expected === 'nothing') return { kind: 'strange', why: 'the response has an unexpected body' };
  return readObject(text);
}

function readObject(text: string): Reading {
  const value = parseJson(text);
  // The text itself may hold secrets and is not quoted.
  return isRecord(value)
    ? { kind: 'object', value }
    : { kind: 'strange', why: 'the response is not a JSON object' };
}

function looksLikeHtml(answer: Answer, text: string): boolean {
  return (answer.headers.get('content-type') ?? '').includes('text/html') || /^<(!doctype|html)/i.test(text);
}

/** The lock text that a step's final update hides in a 500 (drone-rpc §2.5). */
export function speaksOfLock(reading: Reading): boolean {
  return reading.kind === 'refused' && /optimistic lock error/i.test(reading.text);
}

/**
 * An answer that can't be used, as an error that names the cure.
 *
 * @param call for people, such as `PUT stage`
 */
export function refusal(call: string, url: string, reading: Reading, answer: Answer): CiServerError {
  const message = `${call} at ${new URL(url).origin}: ${meaning(reading, answer)}`;
  return new CiServerError(call, answer.status, message);
}

const WRONG_ADDRESS =
  'DRONE_RPC_HOST or DRONE_RPC_PROTO is probably wrong: they must point to the Drone server itself';

function meaning(reading: Reading, answer: Answer): string {
  if (reading.kind === 'strange') return `${reading.why}. ${WRONG_ADDRESS}`;
  if (reading.kind !== 'refused') return `unexpected status ${answer.status}`;
  if (answer.status >= 300 && answer.status < 400) {
    const target = answer.headers.get('location') ?? 'another address';
    return `it redirects to ${target}, which is not followed. DRONE_RPC_PROTO is probably wrong`;
  }
  return REFUSALS[answer.status] ?? quoted(reading.text, answer);
}

const REFUSALS: Readonly<Record<number, string>> = {
  401: 'the server rejects the secret (401). DRONE_RPC_SECRET must be the same in the runner and in the server',
  403: 'the server rejects all runners (403). It was started without DRONE_RPC_SECRET: set it in the server',
  404: `there is no runner API (404). ${WRONG_ADDRESS}; a server built without the proprietary parts has no such API at all`,
};

function quoted(text: string, answer: Answer): string {
  const said =
    looksLikeHtml(answer, text) || text === '' ? (STATUS_CODES[answer.status] ?? '') : text.slice(0, 500);
  return `${answer.status} ${said}`.trim();
}
