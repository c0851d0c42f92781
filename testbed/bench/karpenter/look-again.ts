import type { Clock } from '@hangar/shared/clock';
import { isKubernetesError } from '@hangar/shared/kubernetes/cluster';

const LOOK_MS = 2_000;

/** Looks every two seconds until the signal is aborted; what one look missed because the API said no, the next one sees. */
export async function lookAgain(clock: Clock, look: () => Promise<void>, stop: AbortSignal): Promise<void> {
  while (!stop.aborted) {
    await look().catch((error: unknown) => {
      if (!isKubernetesError(error)) throw error;
    });
    await clock.sleep(LOOK_MS, stop);
  }
}
