import { afterAll, beforeAll } from 'vitest';
import { connectRealCluster } from './facts.ts';
import { awaitNothingLeft, takeInventory } from './inventory.ts';
import type { Inventory } from './plan/inventory.ts';
import type { Layout } from './plan/layout.ts';

/** A namespace is removed within seconds of its last Pod; containers that end at once by the hundred take longer. */
const PATIENCE_MS = 120_000;

let layout: Layout;
let before: Inventory;

// Before the first hook of a test file and after its last one: the test that leaves something behind fails, and not the next one.
beforeAll(async () => {
  ({ layout } = await connectRealCluster());
  before = await takeInventory(layout);
});
afterAll(() => awaitNothingLeft(layout, before, PATIENCE_MS));
