import { afterAll, beforeAll, describe, vi } from 'vitest';
import { endingsSuite } from './endings.suite.ts';
import { logsSuite } from './logs.suite.ts';
import { objectsSuite } from './objects.suite.ts';
import { podsSuite } from './pods.suite.ts';
import { quotaContractSuite, schedulingSuite } from './scheduling.suite.ts';
import { type ContractTarget, type OpenTarget, TestNamespace } from './test-namespace.ts';
import { volumesSuite } from './volumes.suite.ts';
import { watchSuite } from './watch.suite.ts';
import { writersSuite } from './writers.suite.ts';

const MOST_AT_ONCE = 12;

/** What Hangar relies on in Kubernetes. The embedded cluster is held to the real one by it. */
export function contractSuite(target: ContractTarget): void {
  // Nearly all of it is waiting for the kubelet.
  vi.setConfig({ maxConcurrency: MOST_AT_ONCE });
  // A second try would meet what the first has left in the namespace.
  describe(`the contract on ${target.name}`, { retry: 0 }, () => {
    let open: OpenTarget;
    let ns: TestNamespace;
    let limited: TestNamespace;
    beforeAll(async () => {
      open = await target.open();
      ns = await TestNamespace.open(open.kubeconfig, target.timeoutMs);
      limited = await TestNamespace.open(open.kubeconfig, target.timeoutMs);
    });
    afterAll(async () => {
      await Promise.all([ns.close(), limited.close()]);
      await open.close();
    });

    objectsSuite(() => ns);
    writersSuite(() => ns);
    watchSuite(() => ns, target);
    schedulingSuite(() => ns);
    podsSuite(() => ns);
    logsSuite(() => ns);
    volumesSuite(() => ns);
    endingsSuite(() => ns);
    quotaContractSuite(() => limited);
  });
}
