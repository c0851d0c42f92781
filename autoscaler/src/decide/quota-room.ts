import type { QuotaFact } from '../advise/engines.ts';
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

function roomIn({ hard, used }: QuotaFact, typical: Resources): number {
  const per = (of: keyof QuotaFact['hard'], each: number): number =>
    each > 0 ? Math.floor((hard[of] - used[of]) / each) : Infinity;
  const rooms = [
    per('cpuMillicores', typical.cpuMillicores),
    per('memoryBytes', typical.memoryBytes),
    per('pods', 1),
  ];
  return Math.max(0, Math.min(...rooms));
}
