import { generateKeyPairSync, sign } from 'node:crypto';

/** Makes the marks of one gate for its container's log (runner/gate/PROTOCOL.md), without newlines. */
export class GateMarkWriter {
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

  ready(atMs: number): string {
    return this.signed(`ready at=${atMs}`);
  }

  /** `why`: the word of the exit line if it is neither `ran` nor a skip. */
  end(code: number, atMs: number, why?: string): string {
    return this.signed(`end code=${code}${why ? ` why=${why}` : ''} at=${atMs}`);
  }

  close(atMs: number): string {
    return this.signed(`close at=${atMs}`);
  }

  /** Any text with this gate's signature. */
  signed(text: string): string {
    const signature = sign(null, Buffer.from(text), this.#keys.privateKey).toString('base64url');
    return `\u001ehangar ${this.#nonce} ${text} sig=${signature}`;
  }

  #opening(text: string): string {
    return `\u001ehangar ${this.#nonce} ${text} key=${this.#keys.publicKey.export({ format: 'jwk' }).x}`;
  }
}
