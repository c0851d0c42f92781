import { createPublicKey, type KeyObject, verify } from 'node:crypto';

/** `taken-out`: the gate's, said before or not to be checked; it tells nothing. `text`: somebody else's words, which stay in the log. */
export type Verdict = 'genuine' | 'taken-out' | 'text';

/**
 * A gate signs four marks in all, and each check costs some 100 µs. Of a program that prints more of them than this no further one is
 * checked or believed: the kubelet tells then how its container ended.
 */
export const MOST_CHECKED = 100;

/**
 * Tells a gate's own marks from those that a step's program prints in its name (runner/gate/PROTOCOL.md): the first line of a log
 * was written before there was any program, and brings the Ed25519 key (RFC 8032) by which later ones are signed.
 */
export class Seal {
  #opening: string | undefined;
  #key: KeyObject | undefined;
  #checked = 0;

  /** A mark that brings a key. The gate says its first one on both streams, so it comes twice. */
  opening(whole: string, key: string, isFirst: boolean): Verdict {
    if (isFirst) {
      this.#opening = whole;
      this.#key = createPublicKey({ key: { kty: 'OKP', crv: 'Ed25519', x: key }, format: 'jwk' });
      return 'genuine';
    }
    return this.#opening === undefined || this.#opening === whole ? 'taken-out' : 'text';
  }

  /** A mark that brings a signature of what stands before it. */
  later(whole: string, signature: string): Verdict {
    if (!this.#key || this.#checked >= MOST_CHECKED) return 'taken-out';
    this.#checked++;
    const words = whole.slice(0, whole.lastIndexOf(' '));
    const isSigned = verify(null, Buffer.from(words), this.#key, Buffer.from(signature, 'base64url'));
    return isSigned ? 'genuine' : 'text';
  }
}
