import type fc from 'fast-check';

/** An input that is designed to be expensive, at any size. */
export interface Adversary<T> {
  readonly name: string;
  /** An input of about this many characters. */
  readonly make: (chars: number) => T;
}

/** One kind of untrusted input, with the code that has to handle it. */
export interface Area<T> {
  readonly name: string;
  readonly adversaries: readonly Adversary<T>[];
  /** Generates inputs, of which most are almost valid. */
  readonly generated: fc.Arbitrary<T>;
  /** Passes one input to the program's code, as the program does. Throws only for a defect of the program. */
  readonly feed: (input: T) => Promise<void>;
  /** Size of the adversaries whose lag is measured, in characters. */
  readonly largestChars: number;
}
