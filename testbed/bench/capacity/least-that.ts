/** The least number, from a first one on, for which it is true; it is for all larger ones. */
export function leastThat(first: number, isTrue: (count: number) => boolean): number {
  let low = first;
  let high = first;
  while (!isTrue(high)) {
    low = high + 1;
    high *= 2;
  }
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    if (isTrue(middle)) high = middle;
    else low = middle + 1;
  }
  return high;
}
