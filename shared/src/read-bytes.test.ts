import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { readBytes } from './read-bytes.ts';

const stream = () => Readable.from([Buffer.from('one '), new Uint8Array([0x32]), Buffer.from('')]);

describe('readBytes', () => {
  it('returns all bytes, up to the limit', async () => {
    const never = () => new Error('too many');
    expect((await readBytes(stream(), 5, never)).toString()).toBe('one 2');
    expect((await readBytes(Readable.from([]), 0, never)).toString()).toBe('');
  });

  it('stops at the first byte beyond the limit', async () => {
    await expect(readBytes(stream(), 4, () => new Error('too many'))).rejects.toThrow('too many');
  });
});
