import { createPublicKey, type KeyObject, verify } from 'node:crypto';

/** `removed`: a repetition, or a mark that can't be verified; ignored. `text`: not the gate's, so it stays in the log. */
export type MarkVerification = 'genuine' | 'removed' | 'text';

/**
 * Maximum number of checks. A gate signs four marks in all, and each check costs some 100 µs; after more marks from a program, none is
 * checked or accepted any more, and the kubelet reports how the container ended.
 */
export const MOST_CHECKED = 100;

/**
 * Distinguishes a gate's marks from those that a step's program forges (runner/gate/PROTOCOL.md): the first line of a log was written
 * before the program started, and contains the Ed25519 key (RFC 8032) for the signatures of later marks.
 */
export class MarkVerifier {
  #opening: string | undefined;
  #key: KeyObject | undefined;
  #checked = 0;

  /** Judges a mark with a key. The gate prints its first mark on both streams, so it appears twice. */
  opening(whole: string, key: string, isFirst: boolean): MarkVerification {
    if (isFirst) {
      this.#opening = whole;
      this.#key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x: key }, format: 'jwk' });
      return 'genuine';
    }
    return this.#opening === undefined || this.#opening === whole ? 'removed' : 'text';
  }

  /** Judges a mark with a signature of the text before it. */
  later(whole: string, signature: string): MarkVerification {
    if (!this.#key || this.#checked >= MOST_CHECKED) return 'removed';
    this.#checked++;
    const signed = whole.slice(0, whole.lastIndexOf(' '));
    const isSigned = verify(null, Buffer.from(signed), this.#key, Buffer.from(signature, 'base64url'));
    return isSigned ? 'genuine' : 'text';
  }
}
