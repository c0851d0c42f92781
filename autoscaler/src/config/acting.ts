import type { Environment, SettingValues } from '@hangar/shared/config';
import type { NodeBilling } from '../capacity/node-billing.ts';
import type { NodeShape } from '../capacity/shape.ts';
import type { ActuatorSetting } from './actuators.ts';
import { MOST_NODES_UNSET, type SETTINGS } from './settings.ts';

/** What is placed and scaled, and with which permissions. Times in milliseconds. */
export interface ActingConfig {
  /** Nothing is written; the changes are only reported. */
  readonly dryRun: boolean;
  readonly place: boolean;
  /** The Pods of CapacityBuffers tolerate marked nodes. */
  readonly bufferToleratesSurplus: boolean;
  readonly actuators: readonly ActuatorSetting[];
  /** By pool: the shape of its nodes, used while there is none. */
  readonly poolShapes: Readonly<Record<string, NodeShape>>;
  readonly marksPerTick: number;
  readonly markPaceMs: number;
  readonly lowerPaceMs: number;
  readonly emptyForMs: number;
  readonly billing: NodeBilling;
  /** Upper bound of the wanted nodes. */
  readonly mostNodes: number;
  readonly lease: {
    readonly namespace: string;
    readonly name: string;
    readonly termMs: number;
    readonly replica: string;
  };
}

type Read = SettingValues<typeof SETTINGS>;

/** A leader renews the Lease four times per term, over the network. */
const LEAST_TERM_MS = 4_000;

const leaseNamespaceOf = (values: Read, env: Environment): string =>
  values.leaseNamespace || (env['POD_NAMESPACE'] ?? '').trim();

const replicaOf = (values: Read, env: Environment): string =>
  (values.replica || env['POD_NAME'] || env['HOSTNAME'] || '').trim();

/** The part of the configuration for placing, scaling and leader election. */
export function actingOf(values: Read, env: Environment): ActingConfig {
  return {
    dryRun: values.act === 'off',
    place: values.place === 'on',
    bufferToleratesSurplus: values.bufferToleratesSurplus === 'on',
    actuators: values.actuators,
    poolShapes: values.poolShapes,
    marksPerTick: values.marksPerTick,
    markPaceMs: values.markPaceMs,
    lowerPaceMs: values.lowerPaceMs,
    emptyForMs: values.emptyForMs,
    billing: { unitMs: values.billingUnitMs, leastLifeMs: values.leastNodeLifeMs },
    mostNodes: values.maxNodes ?? MOST_NODES_UNSET,
    lease: {
      namespace: leaseNamespaceOf(values, env),
      name: values.leaseName,
      termMs: values.leaseTermMs,
      replica: replicaOf(values, env),
    },
  };
}

/** Checks that need several values. @returns one problem each, naming variable, mistake and remedy */
export function actingProblems(values: Read, env: Environment): readonly string[] {
  const { act, actuators, place, kubernetes, leaseTermMs, maxNodes } = values;
  const acts = act === 'on';
  const isAsked = acts || place === 'on' || actuators.length > 0;
  const checks: readonly (readonly [boolean, string])[] = [
    [
      isAsked && kubernetes === 'off',
      'HANGAR_AUTOSCALER_ACT, HANGAR_AUTOSCALER_PLACE and HANGAR_AUTOSCALER_ACTUATORS need the cluster. Set HANGAR_AUTOSCALER_KUBERNETES=on, or unset them',
    ],
    [
      acts && maxNodes === undefined,
      'HANGAR_AUTOSCALER_ACT is on without HANGAR_AUTOSCALER_MAX_NODES: the size of pools would be unlimited. Set HANGAR_AUTOSCALER_MAX_NODES to the maximum number of nodes of a pool',
    ],
    [
      acts && leaseNamespaceOf(values, env) === '',
      'HANGAR_AUTOSCALER_LEASE_NAMESPACE is not set, nor is POD_NAMESPACE: no leader can be elected. Set either, POD_NAMESPACE by the downward API',
    ],
    [
      acts && replicaOf(values, env) === '',
      'HANGAR_AUTOSCALER_REPLICA is not set, nor is POD_NAME or HOSTNAME: this process has no identity for leader election. Set one of them',
    ],
    [
      leaseTermMs < LEAST_TERM_MS,
      `HANGAR_AUTOSCALER_LEASE_TERM is too short to be renewed in time. Write ${LEAST_TERM_MS / 1000}s or more, such as 15s`,
    ],
    [
      actuators.some(({ pool, kind }) => kind === 'placeholder' && pool === 'default'),
      'HANGAR_AUTOSCALER_ACTUATORS has placeholders for the pool default, whose nodes have no label, so placeholders could be scheduled anywhere. Label the nodes, and set the label in HANGAR_AUTOSCALER_POOL_LABEL',
    ],
  ];
  return checks.flatMap(([wrong, problem]) => (wrong ? [problem] : []));
}

/** Warnings that do not prevent the start: after the last pool was removed from the settings, marks of an earlier run are to be cleared. */
export function actingWarnings({ act, place, actuators }: Read): readonly string[] {
  if (act === 'off' || place === 'on' || actuators.length > 0) return [];
  return [
    'HANGAR_AUTOSCALER_ACT is on, but nothing is configured to be placed or scaled: Hangar only removes its own taints from nodes. Set HANGAR_AUTOSCALER_PLACE=on, or configure HANGAR_AUTOSCALER_ACTUATORS. When no node has a taint of Hangar any more, set HANGAR_AUTOSCALER_ACT=off',
  ];
}
