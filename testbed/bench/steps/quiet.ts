import { LABEL } from '@hangar/runner/compiled';
import { RESOURCE } from '@hangar/shared/kubernetes/cluster';
import { connectByText } from '@hangar/shared/kubernetes/connection';
import { HttpCluster } from '@hangar/shared/kubernetes/http-cluster';
import type { Track } from './track.ts';

const PATIENCE_MS = 180_000;
const LOOK_MS = 500;

/**
 * Waits until no pipeline of anybody is in the namespace: others' Pods would be measured along, and ours would disturb their tests.
 * After a few minutes it says so and goes on.
 */
export async function waitForQuiet({
  clock,
  ground,
  say,
}: Pick<Track, 'clock' | 'ground' | 'say'>): Promise<void> {
  const connection = await connectByText(ground.adminKubeconfig);
  const admin = new HttpCluster(clock, connection);
  const { namespace } = ground;
  const selection = { labelSelector: `${LABEL.managedBy}=${LABEL.managedByValue}` };
  const { signal } = new AbortController();
  try {
    for (const deadlineMs = clock.now() + PATIENCE_MS; clock.now() < deadlineMs; await clock.sleep(LOOK_MS)) {
      const { items } = await admin.list({ resource: RESOURCE.pods, namespace }, selection, signal);
      if (items.length === 0) return;
    }
    say(`bench: others' pipelines are still in the namespace ${namespace}: what is measured is disturbed`);
  } finally {
    await connection.close();
  }
}
