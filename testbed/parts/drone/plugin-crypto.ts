import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createHmac,
  randomBytes,
  timingSafeEqual,
} from 'node:crypto';

/** Why a plugin refuses a request; the texts are those of the usual plugin library (drone-rpc §6.2). */
export type SignatureVerdict = 'valid' | 'Invalid or Missing Signature' | 'Invalid Signature';

/** Header values by lower-case name, the first one where a header came twice. */
export type HeaderValues = Readonly<Record<string, string | undefined>>;

const ALGORITHMS: Readonly<Record<string, string>> = { 'hmac-sha256': 'sha256', 'hmac-sha1': 'sha1' };
const MEMBERS: ReadonlySet<string> = new Set(['keyId', 'algorithm', 'headers', 'signature']);
const NEEDED = ['keyId', 'algorithm', 'signature'];

/** Verifies the signature of a plugin request as plugins do; neither the age of Date nor the Digest is looked at. */
export function verifySignature(headers: HeaderValues, token: string): SignatureVerdict {
  const members = parseMembers(headers['signature'] ?? fromAuthorization(headers['authorization']));
  if (members === undefined) return 'Invalid or Missing Signature';
  const hash = ALGORITHMS[members.get('algorithm') ?? ''];
  const text = signingString(headers, members.get('headers') ?? 'date');
  if (hash === undefined || text === undefined) return 'Invalid or Missing Signature';
  const expected = createHmac(hash, token).update(text).digest();
  const given = Buffer.from(members.get('signature') ?? '', 'base64');
  return given.length === expected.length && timingSafeEqual(given, expected) ? 'valid' : 'Invalid Signature';
}

/** The listed headers line by line; undefined if one is missing or the date is not among them. */
function signingString(headers: HeaderValues, list: string): string | undefined {
  const names = list.toLowerCase().split(' ');
  if (!names.includes('date') || names.some((name) => (headers[name] ?? '') === '')) return undefined;
  return names.map((name) => `${name}: ${headers[name] ?? ''}`).join('\n');
}

/** The value that the header Digest must have for a body. */
export function bodyDigest(body: Buffer): string {
  return `SHA-256=${createHash('sha256').update(body).digest('base64')}`;
}

function fromAuthorization(value: string | undefined): string | undefined {
  return value?.startsWith('Signature ') === true ? value.slice('Signature '.length) : undefined;
}

/** The pairs `key="value"`; undefined if the text is none, names an unknown member or lacks one. */
function parseMembers(text: string | undefined): ReadonlyMap<string, string> | undefined {
  if (text === undefined) return undefined;
  const members = new Map<string, string>();
  for (const part of text.split(',')) {
    const [, name = '', value = ''] = /^\s*(\w+)="([^"]*)"\s*$/.exec(part) ?? [];
    if (!MEMBERS.has(name)) return undefined;
    members.set(name, value);
  }
  return NEEDED.every((name) => (members.get(name) ?? '') !== '') ? members : undefined;
}

const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const KEY_BYTES = 32;

/** Seals a text as plugins do: nonce, ciphertext, tag; the key is the token's first 32 bytes (drone-rpc §6.3). */
export function seal(text: string, token: string, nonce: Buffer = randomBytes(NONCE_BYTES)): Buffer {
  const cipher = createCipheriv('aes-256-gcm', keyOf(token), nonce);
  return Buffer.concat([nonce, cipher.update(text), cipher.final(), cipher.getAuthTag()]);
}

/** Opens what seal made; throws if it was changed or the token is another one. */
export function unseal(sealed: Buffer, token: string): string {
  const decipher = createDecipheriv('aes-256-gcm', keyOf(token), sealed.subarray(0, NONCE_BYTES));
  decipher.setAuthTag(sealed.subarray(-TAG_BYTES));
  const text = decipher.update(sealed.subarray(NONCE_BYTES, -TAG_BYTES));
  return Buffer.concat([text, decipher.final()]).toString();
}

function keyOf(token: string): Buffer {
  const key = Buffer.from(token).subarray(0, KEY_BYTES);
  if (key.length < KEY_BYTES)
    throw new Error(`the token has ${key.length} bytes, encryption needs ${KEY_BYTES}`);
  return key;
}
