import { createHash, createHmac } from 'node:crypto';

/** The signed headers, in this order; the path is not signed, since gateways rewrite it (drone-rpc §6.2). */
const SIGNED = ['accept', 'accept-encoding', 'content-type', 'date', 'digest'] as const;

/**
 * All headers of a request to a plugin, with its HMAC signature (draft-cavage-http-signatures).
 *
 * @param accept media type of the protocol
 * @param nowMs wall clock, milliseconds since 1970
 */
export function signedHeaders(
  accept: string,
  body: string,
  token: string,
  nowMs: number,
): Readonly<Record<string, string>> {
  const headers = {
    accept,
    'accept-encoding': 'identity',
    'content-type': 'application/json',
    date: new Date(nowMs).toUTCString(),
    digest: `SHA-256=${createHash('sha256').update(body).digest('base64')}`,
  };
  const text = SIGNED.map((name) => `${name}: ${headers[name]}`).join('\n');
  const signature = createHmac('sha256', token).update(text).digest('base64');
  const members = { keyId: 'hmac-key', algorithm: 'hmac-sha256', signature, headers: SIGNED.join(' ') };
  const header = Object.entries(members).map(([name, value]) => `${name}="${value}"`);
  return { ...headers, signature: header.join(',') };
}
