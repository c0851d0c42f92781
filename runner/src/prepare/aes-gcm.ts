import { createCipheriv, createDecipheriv } from 'node:crypto';

/** A text that can't be decrypted with this key. */
export class DecryptError extends Error {
  override readonly name = 'DecryptError';
}

const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const ALGORITHMS = new Map([
  [16, 'aes-128-gcm'],
  [24, 'aes-192-gcm'],
  [32, 'aes-256-gcm'],
] as const);

/**
 * Decrypts AES-GCM in Drone's format: 12 bytes nonce, ciphertext, 16 bytes tag, no additional data (drone-rpc §6.3, §6.6).
 *
 * @param key 16, 24 or 32 bytes
 * @throws {DecryptError} for another key length, a short message, or a wrong key
 */
export function decryptAesGcm(message: Buffer, key: Buffer): Buffer {
  const algorithm = ALGORITHMS.get(key.length as 16 | 24 | 32);
  if (algorithm === undefined)
    throw new DecryptError(`a key must have 16, 24 or 32 bytes, not ${key.length}`);
  if (message.length < NONCE_BYTES + TAG_BYTES) throw new DecryptError('too short to be encrypted');
  const decipher = createDecipheriv(algorithm, key, message.subarray(0, NONCE_BYTES), {
    authTagLength: TAG_BYTES,
  });
  decipher.setAuthTag(message.subarray(-TAG_BYTES));
  try {
    return Buffer.concat([decipher.update(message.subarray(NONCE_BYTES, -TAG_BYTES)), decipher.final()]);
  } catch (cause) {
    throw new DecryptError('it was encrypted with another key, or is damaged', { cause });
  }
}

/** Encrypts, for plugins in tests and for `encrypt`. */
export function encryptAesGcm(plain: Buffer, key: Buffer, nonce: Buffer): Buffer {
  const algorithm = ALGORITHMS.get(key.length as 16 | 24 | 32);
  if (algorithm === undefined)
    throw new DecryptError(`a key must have 16, 24 or 32 bytes, not ${key.length}`);
  const cipher = createCipheriv(algorithm, key, nonce, { authTagLength: TAG_BYTES });
  return Buffer.concat([nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
}
