import { podsThatFit } from '../capacity/node-spec.ts';
import type { Pool } from '../capacity/pools.ts';
import type { Resources } from '../capacity/shape.ts';

/**
 * How builds can use the room of a pool. `used`: builds hold it. `idle`: on nodes without builds. `open`: free beside builds, and
 * one more usual Pod fits. `stranded`: free beside builds on a node where no usual Pod fits, or that is closed or not ready.
 */
export const ROOM_STATES = ['used', 'idle', 'open', 'stranded'] as const;

type RoomState = (typeof ROOM_STATES)[number];

/** Divides the room of a pool's nodes that builds may use: allocatable minus DaemonSets. Never negative. Pure. */
export function poolRoom({ spec, nodes }: Pool, usual: Resources): Readonly<Record<RoomState, Resources>> {
  const sums = new Map<RoomState, Resources>();
  const add = (state: RoomState, more: Resources): void => {
    const sum = sums.get(state) ?? { cpuMillicores: 0, memoryBytes: 0 };
    sums.set(state, {
      cpuMillicores: sum.cpuMillicores + more.cpuMillicores,
      memoryBytes: sum.memoryBytes + more.memoryBytes,
    });
  };
  for (const { used, builds, ready, closed } of nodes) {
    const free = freeOn(spec, used);
    add('used', used);
    if (builds === 0) add('idle', free);
    else add(ready && !closed && podsThatFit({ ...free, pods: 1 }, usual) > 0 ? 'open' : 'stranded', free);
  }
  const nothing: Resources = { cpuMillicores: 0, memoryBytes: 0 };
  const of = (state: RoomState): Resources => sums.get(state) ?? nothing;
  return { used: of('used'), idle: of('idle'), open: of('open'), stranded: of('stranded') };
}

function freeOn({ allocatable, daemonSets }: Pool['spec'], used: Resources): Resources {
  const left = (key: keyof Resources): number =>
    Math.max(0, allocatable[key] - (daemonSets?.[key] ?? 0) - used[key]);
  return { cpuMillicores: left('cpuMillicores'), memoryBytes: left('memoryBytes') };
}
