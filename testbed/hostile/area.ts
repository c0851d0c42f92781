import type fc from 'fast-check';

/** An input made to be expensive, at any size. */
export interface Adversary<T> {
  readonly name: string;
  /** An input of about this many characters. */
  readonly make: (chars: number) => T;
}

/** One kind of untrusted input, with the code that has to bear it. */
export interface Area<T> {
  readonly name: string;
  readonly adversaries: readonly Adversary<T>[];
  /** Inputs that are mostly nearly valid. */
  readonly generated: fc.Arbitrary<T>;
  /** Passes one input to the program's code, as the program does. Throws only for what the program must not do. */
  readonly feed: (input: T) => Promise<void>;
  /** Size of the adversaries whose lag is measured, in characters. */
  readonly largestChars: number;
}
