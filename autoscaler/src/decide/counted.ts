/** A number with what it counts: `1 node`, `2 nodes`. Pure. */
export const counted = (count: number, one: string): string => `${count} ${one}${count === 1 ? '' : 's'}`;

/** {@link counted} as the subject of a sentence: `1 Pod is`, `2 Pods are`. Pure. */
export const be = (count: number, one: string): string =>
  `${counted(count, one)} ${count === 1 ? 'is' : 'are'}`;

/** How the number of nodes of a pool should change, as text. Pure. @param by nodes more; negative: empty nodes too many */
export function changeText(podsPerNode: number, by: number): string {
  const basis = `with ${counted(podsPerNode, 'Pod')} per node, `;
  if (by > 0) return `${basis}${be(by, 'more node')} needed`;
  return by < 0 ? `${basis}${counted(-by, 'empty node')} can be removed` : `${basis}no more nodes are needed`;
}
