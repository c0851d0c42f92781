import { connectRealCluster } from './facts.ts';
import { awaitNothingLeft, takeInventory } from './inventory.ts';

/** Test files run at the same time here, so that what is left belongs to none of them in particular. */
const PATIENCE_MS = 120_000;

/** Before the first test file; the function that it returns runs after the last, and fails the level if anything is left in the cluster. */
export async function setup(): Promise<() => Promise<void>> {
  const { layout } = await connectRealCluster();
  const before = await takeInventory(layout);
  return () => awaitNothingLeft(layout, before, PATIENCE_MS);
}
