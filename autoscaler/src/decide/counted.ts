/** A number with what it counts: `1 node`, `2 nodes`. Pure. */
export const counted = (count: number, one: string): string => `${count} ${one}${count === 1 ? '' : 's'}`;

/** How the number of nodes of a pool should change, as text. Pure. @param by nodes more; negative: empty nodes too many */
export function changeText(podsPerNode: number, by: number): string {
  const basis = `with ${counted(podsPerNode, 'Pod')} per node, `;
  if (by > 0) return `${basis}${counted(by, 'more node')} ${by === 1 ? 'is' : 'are'} needed`;
  return by < 0 ? `${basis}${counted(-by, 'empty node')} can be removed` : `${basis}no more nodes are needed`;
}
