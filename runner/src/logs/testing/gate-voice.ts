import { generateKeyPairSync, sign } from 'node:crypto';

/** What one gate says in its container's log (runner/gate/PROTOCOL.md), without newlines. */
export class GateVoice {
  readonly #nonce: string;
  readonly #keys = generateKeyPairSync('ed25519');

  constructor(nonce: string) {
    this.#nonce = nonce;
  }

  start(atMs: number): string {
    return this.#opening(`start at=${atMs}`);
  }

  skip(why: string, atMs: number): string {
    return this.#opening(`skip why=${why} at=${atMs}`);
  }

  end(code: number, atMs: number): string {
    return this.signed(`end code=${code} at=${atMs}`);
  }

  close(atMs: number): string {
    return this.signed(`close at=${atMs}`);
  }

  /** Any words, with this gate's signature. */
  signed(words: string): string {
    const signature = sign(null, Buffer.from(words), this.#keys.privateKey).toString('base64url');
    return `\u001ehangar ${this.#nonce} ${words} sig=${signature}`;
  }

  #opening(words: string): string {
    return `\u001ehangar ${this.#nonce} ${words} key=${this.#keys.publicKey.export({ format: 'jwk' }).x}`;
  }
}
