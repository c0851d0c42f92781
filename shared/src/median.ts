/** The middle value; of an even number of values the lower of the two in the middle, so that no value is made up. Undefined without values. Pure. */
export function medianOf(values: readonly number[]): number | undefined {
  return values.toSorted((one, other) => one - other)[Math.floor((values.length - 1) / 2)];
}
