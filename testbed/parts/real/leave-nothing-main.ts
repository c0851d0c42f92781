import { once } from 'node:events';
import { errorText } from '@hangar/shared/error-text';
import { connectRealCluster } from './facts.ts';
import { awaitNothingLeft, takeInventory } from './inventory.ts';

/** Test files run at the same time, so that what is left belongs to none of them in particular. */
const PATIENCE_MS = 120_000;

/** Looks at the cluster, prints `ready`, and fails if anything is left in it once its standard input has ended. */
const { layout } = await connectRealCluster();
const before = await takeInventory(layout);
process.stdout.write('ready\n');
process.stdin.resume();
await once(process.stdin, 'end');
try {
  await awaitNothingLeft(layout, before, PATIENCE_MS);
} catch (error) {
  process.stderr.write(`${errorText(error)}\n`);
  process.exitCode = 1;
}
