import type { QuotaFact } from '../advise/engines.ts';
import { podsThatFit } from '../capacity/node-spec.ts';
import type { Resources } from '../capacity/shape.ts';

/**
 * Pods of the usual size that the quotas of the builds' namespaces still admit, all together. A namespace with builds and without a
 * quota admits any number.
 *
 * @param namespaces in which builds are seen
 * @returns whole Pods ≥ 0; infinite: no bound, or no build is seen, so that the namespaces are unknown
 */
export function quotaRoomPods(
  quotas: readonly QuotaFact[],
  namespaces: ReadonlySet<string>,
  typical: Resources,
): number {
  if (namespaces.size === 0) return Infinity;
  return [...namespaces].reduce((sum, name) => {
    const own = quotas.filter(({ namespace }) => namespace === name);
    return sum + Math.min(Infinity, ...own.map((quota) => roomIn(quota, typical)));
  }, 0);
}

const roomIn = ({ hard, used }: QuotaFact, typical: Resources): number =>
  podsThatFit(
    {
      cpuMillicores: hard.cpuMillicores - used.cpuMillicores,
      memoryBytes: hard.memoryBytes - used.memoryBytes,
      pods: hard.pods - used.pods,
    },
    typical,
  );
