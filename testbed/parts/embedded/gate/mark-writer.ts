import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import type { Output } from '../kubelet/process-group.ts';

/** Writes a gate's marks (runner/gate/PROTOCOL.md): the first one brings a key, the last ones are signed by it. */
export class MarkWriter {
  readonly #output: Output;
  #key: KeyObject | undefined;

  constructor(output: Output) {
    this.#output = output;
  }

  /** On both streams, before the program writes anything. */
  first(nonce: string, words: string): void {
    const { publicKey, privateKey } = generateKeyPairSync('ed25519');
    this.#key = privateKey;
    const line = Buffer.from(`\u001ehangar ${nonce} ${words} key=${publicKey.export({ format: 'jwk' }).x}\n`);
    this.#output.stdout(line);
    this.#output.stderr(line);
  }

  /** A service is ready. */
  ready(nonce: string, atMs: number): void {
    this.#output.stdout(this.#signed(nonce, `ready at=${atMs}`));
  }

  /** The end on stdout, the close on stderr. `why`: the word of the end, if it is neither `ran` nor a skip. */
  last(nonce: string, { code, atMs, why }: { code: number; atMs: number; why?: string }): void {
    this.#output.stdout(this.#signed(nonce, `end code=${code}${why ? ` why=${why}` : ''} at=${atMs}`));
    this.#output.stderr(this.#signed(nonce, `close at=${atMs}`));
  }

  #signed(nonce: string, words: string): Buffer {
    if (!this.#key) throw new Error('the first mark must be written before the last ones');
    const signature = sign(null, Buffer.from(words), this.#key).toString('base64url');
    return Buffer.from(`\u001ehangar ${nonce} ${words} sig=${signature}\n`);
  }
}
