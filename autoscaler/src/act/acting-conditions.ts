import { SURPLUS_TAINT } from '@hangar/shared/contract/object-keys';
import { CLOSING_TAINT, hasTaint, type PoolNode } from '../capacity/pool-node.ts';
import type { ActingConfig } from '../config/acting.ts';
import type { ActuatorSetting } from '../config/actuators.ts';

type NodesByPool = ReadonlyMap<string, readonly PoolNode[]>;

/**
 * The CapacityBuffer of a pool that marks would make Karpenter fill without end: to it a node with a PreferNoSchedule taint has no
 * room for a place that does not tolerate it (measured: docs/acting.md).
 */
export function bufferWithoutToleration(
  { bufferToleratesSurplus, actuators }: ActingConfig,
  pool: string,
  nodes: readonly PoolNode[],
): ActuatorSetting | undefined {
  if (bufferToleratesSurplus || !nodes.some(({ scaler }) => scaler?.startsWith('NodePool ')))
    return undefined;
  return actuators.find((one) => one.kind === 'capacity-buffer' && one.pool === pool);
}

/** Pools whose nodes are not marked for the sake of their CapacityBuffer, and the remedy. */
export function unmarkedPools(config: ActingConfig, nodesByPool: NodesByPool): readonly string[] {
  if (!config.place) return [];
  return [...nodesByPool].flatMap(([pool, nodes]) => {
    const buffer = bufferWithoutToleration(config, pool, nodes);
    if (buffer === undefined) return [];
    return `pool ${pool}: its nodes are not marked: Karpenter would not count free capacity on marked nodes for the CapacityBuffer ${buffer.namespace}/${buffer.name}, and would keep adding nodes. Add the toleration {key: ${SURPLUS_TAINT.key}, operator: Exists} to the template of its Pods, then set HANGAR_AUTOSCALER_BUFFER_TOLERATES_SURPLUS=on`;
  });
}

/** Pools that should be scaled, and of whose nodes too little is known to size them. */
export function unknownPools(
  actuators: readonly ActuatorSetting[],
  known: ReadonlySet<string>,
  poolLabel: string,
): readonly string[] {
  return actuators
    .filter(({ pool }) => !known.has(pool))
    .map(
      ({ pool }) =>
        `pool ${pool}: it has no node and never had one, so its node shape is unknown and it is not scaled. Set the shape in HANGAR_AUTOSCALER_POOL_SHAPES, or correct HANGAR_AUTOSCALER_POOL_LABEL (${poolLabel})`,
    );
}

/** Taints that an earlier process left on nodes: a dry run writes nothing, so it can't remove them. */
export function taintsLeft(nodesByPool: NodesByPool): readonly string[] {
  const nodes = [...nodesByPool.values()].flat();
  return [SURPLUS_TAINT, CLOSING_TAINT].flatMap((taint) => {
    const count = nodes.filter((node) => hasTaint(node, taint)).length;
    if (count === 0) return [];
    return `${count} nodes have the taint ${taint.key}, although acting is off. If no other Hangar acts here: kubectl taint nodes --all ${taint.key}-`;
  });
}
