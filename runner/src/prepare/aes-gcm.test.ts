import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DecryptError, decryptAesGcm, encryptAesGcm } from './aes-gcm.ts';

describe('decryptAesGcm', () => {
  it('decrypts the worked example of drone-rpc §6.6', () => {
    const message = Buffer.from('AAECAwQFBgcICQoLqpQ10ZmFMln1E07yBFxsjzaTn0jCG1capZ4=', 'base64');
    expect(decryptAesGcm(message, Buffer.from('O1b2C3d4E5f6G7h8I9j0K1l2M3n4O5p6')).toString()).toBe(
      'hunter-two',
    );
  });

  it('decrypts what was encrypted, with keys of 16, 24 and 32 bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array(), fc.constantFrom(16, 24, 32), (plain, length) => {
        const key = Buffer.alloc(length, 7);
        const message = encryptAesGcm(Buffer.from(plain), key, Buffer.alloc(12, 1));
        expect([...decryptAesGcm(message, key)]).toEqual([...plain]);
      }),
    );
  });

  it.each([
    ['another key', Buffer.alloc(32, 8), 0],
    ['a damaged message', Buffer.alloc(32, 7), 1],
    ['a key of odd length', Buffer.alloc(31, 7), 0],
  ])('refuses %s', (_, key, flip) => {
    const message = encryptAesGcm(Buffer.from('x'), Buffer.alloc(32, 7), Buffer.alloc(12, 1));
    message[12] = (message[12] ?? 0) ^ flip;
    expect(() => decryptAesGcm(message, key)).toThrow(DecryptError);
  });

  it('refuses a message that is too short', () => {
    expect(() => decryptAesGcm(Buffer.alloc(27), Buffer.alloc(32))).toThrow('too short');
  });
});
