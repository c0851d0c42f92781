import { applyRole, ROLES, startEmbedded } from './start-embedded.ts';
import { stoppedSuite, stopsSuite } from './stops.suite.ts';
import { startTestSystem } from './test-system.ts';

for (const role of ROLES) {
  // Under the previous runner's Role nobody takes over: previous-role.suite.ts has what happens instead.
  const suite = role === 'hangar' ? stopsSuite : stoppedSuite;
  suite(`the embedded cluster, Role: ${role}`, async () => {
    const { cluster, access } = await startEmbedded();
    applyRole(cluster, role);
    const system = await startTestSystem(access, { role });
    const close = async (): Promise<void> => {
      await system.close();
      await cluster.close();
    };
    return { ...system, close };
  }, 60_000);
}
