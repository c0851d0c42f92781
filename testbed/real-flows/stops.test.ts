import { stopsSuite } from '../flows/stops.suite.ts';
import { startWorld } from '../flows/world.ts';
import { realGround } from './real-ground.ts';

stopsSuite('a real kubelet', async () => startWorld((await realGround()).ground), 120_000);
