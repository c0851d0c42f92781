/** A set of steps as one number: bit i stands for the step with the index i. There may be as many such sets as steps. */
export type StepSet = bigint;

/** The set of one step. Pure. */
export const onlyStep = (index: number): StepSet => 1n << BigInt(index);

const WORD_BITS = 32;

/** The indexes of the steps in a set, ascending. Pure. */
export function indexesOf(set: StepSet): readonly number[] {
  const indexes: number[] = [];
  for (let [rest, from] = [set, 0]; rest > 0n; rest >>= BigInt(WORD_BITS), from += WORD_BITS) {
    const word = Number(BigInt.asUintN(WORD_BITS, rest));
    for (let bits = word | 0; bits !== 0; bits &= bits - 1) indexes.push(from + firstBit(bits));
  }
  return indexes;
}

/** The lowest index in a set that is not empty. Pure. */
export function firstIndexOf(set: StepSet): number {
  let [rest, from] = [set, 0];
  for (; BigInt.asUintN(WORD_BITS, rest) === 0n; rest >>= BigInt(WORD_BITS)) from += WORD_BITS;
  return from + firstBit(Number(BigInt.asIntN(WORD_BITS, rest)));
}

/** The lowest bit of 32 that is 1. */
const firstBit = (bits: number): number => WORD_BITS - 1 - Math.clz32(bits & -bits);
