import { afterAll, beforeAll, describe, vi } from 'vitest';
import { endingsSuite } from './endings.suite.ts';
import { logsSuite } from './logs.suite.ts';
import { objectsSuite } from './objects.suite.ts';
import { podsSuite } from './pods.suite.ts';
import { type Ground, type OpenGround, Room } from './room.ts';
import { quotaSuite, schedulingSuite } from './scheduling.suite.ts';
import { volumesSuite } from './volumes.suite.ts';
import { watchSuite } from './watch.suite.ts';

const MOST_AT_ONCE = 12;

/** What Hangar relies on in Kubernetes. The embedded cluster is held to the real one by it. */
export function contractSuite(ground: Ground): void {
  // Nearly all of it is waiting for the kubelet.
  vi.setConfig({ maxConcurrency: MOST_AT_ONCE });
  // A second try would meet what the first has left in the namespace.
  describe(`the contract on ${ground.name}`, { retry: 0 }, () => {
    let open: OpenGround;
    let room: Room;
    let bounded: Room;
    beforeAll(async () => {
      open = await ground.open();
      room = await Room.open(open.kubeconfig, ground.patienceMs);
      bounded = await Room.open(open.kubeconfig, ground.patienceMs);
    });
    afterAll(async () => {
      await Promise.all([room.close(), bounded.close()]);
      await open.close();
    });

    objectsSuite(() => room);
    watchSuite(() => room, ground);
    schedulingSuite(() => room);
    podsSuite(() => room);
    logsSuite(() => room);
    volumesSuite(() => room);
    endingsSuite(() => room);
    quotaSuite(() => bounded);
  });
}
