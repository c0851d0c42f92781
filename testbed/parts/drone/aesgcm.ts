import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';

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
  decipher.setAuthTag(sealed.subarray(sealed.length - TAG_BYTES));
  const text = sealed.subarray(NONCE_BYTES, sealed.length - TAG_BYTES);
  return Buffer.concat([decipher.update(text), decipher.final()]).toString();
}

function keyOf(token: string): Buffer {
  const key = Buffer.from(token).subarray(0, KEY_BYTES);
  if (key.length < KEY_BYTES)
    throw new Error(`the token has ${key.length} bytes, encryption needs ${KEY_BYTES}`);
  return key;
}
