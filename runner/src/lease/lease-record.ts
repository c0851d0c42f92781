import { isRecord, listOf, parseJson, recordOf, textsOf } from '@hangar/shared/json';
import type { V1Lease } from '@kubernetes/client-node';
import { ANNOTATION, LABEL } from '../pipeline/compiled.ts';
import type { OpenStep } from '../pipeline/stage-state.ts';

/** The record of a stage, from before its accept until the server has its end: what a crash must not lose (gate §4). */
export interface Intent {
  readonly stageId: number;
  readonly buildId: number;
  /** The name under which it is accepted at the server. */
  readonly machine: string;
  /** It was started before it has a Pod, so that its log can say why it waits (for a quota): no Pod can keep what the server said. */
  readonly started?: StartedWithoutPod;
  /** The Lease of a dead replica from which it was taken, until it is decided which of several replicas has it. */
  readonly from?: string;
  /** Its open steps while its Pod may run: nothing else has them if the Pod is lost together with its owner. */
  readonly steps?: readonly OpenStep[];
  /** Its owner is preparing it: from its accept until its Pod exists, except while it waits. */
  readonly preparing?: true;
  /** Owners in a row that were lost while they prepared it. Absent: 0. */
  readonly deaths?: number;
}

/** What the server knows of a stage that is started without a Pod. */
export interface StartedWithoutPod {
  /** The server's ids of its steps, in the plan's order; empty until the response to its start has arrived. */
  readonly stepIds: readonly number[];
  /** Processes that have told it of a step: by so many versions its steps may be ahead. */
  readonly owners: number;
  /** Versions that its steps have, if not 1. Absent: not known; the Lease does not keep them. */
  readonly versions?: ReadonlyMap<number, number>;
}

/** What the previous process of the same replica has recorded in its Lease. */
export interface PreviousProcess {
  readonly intents: readonly Intent[];
  readonly namespaces: readonly string[];
  /** Those of them that were made for one stage each. */
  readonly ownNamespaces: readonly string[];
  /** It was another process, which did not release the Lease. */
  readonly isLost: boolean;
}

/** Annotations of a replica's Lease. */
export const LEASE_ANNOTATION = {
  /** JSON: Intent[]. */
  intents: 'hangar.dev/intents',
  /** JSON: by the id of a recorded stage the owner that took it over, and has recorded it in its own Lease. */
  successors: 'hangar.dev/successors',
  /** JSON: names of namespaces in which this replica has Pods. */
  namespaces: 'hangar.dev/namespaces',
  /** JSON: those of them that were made for one stage each, and go with it. */
  ownNamespaces: 'hangar.dev/own-namespaces',
  /** Scheme and host of the Drone server that it works for, plain text. */
  server: ANNOTATION.server,
} as const;

/** Leases of runners, by label. */
export const LEASE_SELECTION = { labelSelector: `${LABEL.managedBy}=${LABEL.managedByValue}` };

/** Intents kept in a Lease; none when it has none, and those left out that can't be read (somebody edited it). */
export function intentsOf(lease: V1Lease): readonly Intent[] {
  return annotated(lease, LEASE_ANNOTATION.intents).flatMap((one) => intentOf(one) ?? []);
}

/** Recorded stages that no other replica has taken over. */
export function openIntentsOf(lease: V1Lease): readonly Intent[] {
  const successors = successorsOf(lease);
  return intentsOf(lease).filter(({ stageId }) => !successors.has(stageId));
}

/** Recorded stages that are that replica's for certain, unless it is dead. */
export const certainIntentsOf = (lease: V1Lease): readonly Intent[] =>
  openIntentsOf(lease).filter(({ from }) => from === undefined);

/**
 * The record of a stage for its next owner. Pure.
 *
 * @param isLost the previous owner did not stop in order
 */
export function inherited({ preparing, ...intent }: Intent, isLost: boolean): Intent {
  return preparing && isLost ? { ...intent, deaths: (intent.deaths ?? 0) + 1 } : intent;
}

/**
 * The annotations of a Lease whose stages were taken over by these owners. A mark replaces the stage's record: with both, a full Lease would
 * have more than the API server allows. Pure.
 */
export function markedAnnotations(
  lease: V1Lease,
  successors: ReadonlyMap<number, string>,
): Readonly<Record<string, string>> {
  const isOpen = (one: unknown): boolean => !successors.has(Number(recordOf(one)['stageId']));
  return {
    [LEASE_ANNOTATION.successors]: JSON.stringify(Object.fromEntries(successors)),
    [LEASE_ANNOTATION.intents]: JSON.stringify(annotated(lease, LEASE_ANNOTATION.intents).filter(isOpen)),
  };
}

/** Which owner has taken over which recorded stage. */
export function successorsOf(lease: V1Lease): ReadonlyMap<number, string> {
  const successors = parseJson(lease.metadata?.annotations?.[LEASE_ANNOTATION.successors] ?? '');
  return new Map(
    Object.entries(isRecord(successors) ? successors : {}).map(([id, owner]) => [Number(id), String(owner)]),
  );
}

/**
 * All annotations of an object may have 262,144 bytes. Beside these rooms, 37,000 are for the server's address, for what others write there,
 * and for records that grow after they were made: by 37 bytes where a stage is started without a Pod.
 */
const ROOM_BYTES = 185_000;

/**
 * Steps may take this much: without its open steps a stage is still ended, without their ids it is started once more, and its place in the
 * record matters more.
 */
const STEPS_ROOM_BYTES = 40_000;

/**
 * What a recorded stage takes of a Lease without its steps, in bytes: its record, or the mark of the replica that takes it over later, which
 * replaces the record. Replicas have names of similar length. Pure.
 *
 * @param owner of the Lease, as Pods' annotations name it
 */
export function recordBytes({ steps: _, started, ...intent }: Intent, owner: string): number {
  const record = { ...intent, ...(started ? { started: { ...started, stepIds: [] } } : {}) };
  const mark = { [intent.stageId]: owner };
  // With the comma behind it.
  return Math.max(bytesOf(record) + 1, bytesOf(mark) - 1);
}

const bytesOf = (value: unknown): number => Buffer.byteLength(JSON.stringify(value));

/**
 * Intents as a Lease keeps them, with the steps of as many as there is room for. Pure.
 *
 * @param openSteps by stage, instead of those that an intent has
 */
export function intentsText(
  intents: readonly Intent[],
  openSteps: (stageId: number) => readonly OpenStep[] | undefined,
): string {
  let left = STEPS_ROOM_BYTES;
  const ifRoom = <T extends object>(steps: T): T | undefined => {
    const size = bytesOf(steps);
    if (size > left) return undefined;
    left -= size;
    return steps;
  };
  const written = intents.map(({ steps: before, started, ...intent }) => {
    const steps = (openSteps(intent.stageId) ?? before ?? []).map(tupleOf);
    return {
      ...intent,
      ...(started && (ifRoom({ started }) ?? { started: { ...started, stepIds: [] } })),
      ...(steps.length > 0 && ifRoom({ steps })),
    };
  });
  return JSON.stringify(written);
}

/** Short, since every write of the Lease has all of them. */
const tupleOf = ({ n, id, version, isRunning }: OpenStep): readonly number[] => [
  ...[n, id, version],
  Number(isRunning),
];

function openStepOf(tuple: unknown): OpenStep | undefined {
  const [n, id, version, running] = listOf(tuple);
  if (!isWhole(n) || !isWhole(id) || !isWhole(version)) return undefined;
  return { n, id, version, isRunning: running === 1 };
}

/** Whether one more stage fits into a Lease whose records have that size. Pure. */
export function fitsLease(intentBytes: number, namespaces: readonly string[]): boolean {
  // A stage may bring a namespace of its own, which stands in two lists.
  return intentBytes + 2 * bytesOf(namespaces) < ROOM_BYTES;
}

function intentOf(value: unknown): Intent | undefined {
  const { stageId, buildId, machine, started, from, steps, preparing, deaths } = Object(value) as Partial<
    Record<keyof Intent, unknown>
  >;
  if (!isWhole(stageId) || !isWhole(buildId) || typeof machine !== 'string') return undefined;
  // Without the ids the stage can at least be told to be lost.
  const open = listOf(steps).flatMap((step) => openStepOf(step) ?? []);
  return {
    ...{ stageId, buildId, machine },
    ...(isStarted(started) ? { started } : {}),
    ...(typeof from === 'string' ? { from } : {}),
    ...(open.length > 0 ? { steps: open } : {}),
    ...(preparing === true ? { preparing } : {}),
    ...(isWhole(deaths) && deaths > 0 ? { deaths } : {}),
  };
}

const isWhole = (value: unknown): value is number => Number.isInteger(value);

function isStarted(value: unknown): value is StartedWithoutPod {
  const { stepIds, owners } = Object(value) as Partial<Record<keyof StartedWithoutPod, unknown>>;
  return isWhole(owners) && Array.isArray(stepIds) && stepIds.every(isWhole);
}

/** Namespaces in which that replica had Pods. */
export function namespacesOf(lease: V1Lease): readonly string[] {
  return textsOf(annotated(lease, LEASE_ANNOTATION.namespaces));
}

/** Those of them that were made for one stage each. */
export function ownNamespacesOf(lease: V1Lease): readonly string[] {
  return textsOf(annotated(lease, LEASE_ANNOTATION.ownNamespaces));
}

/** The Drone server whose stages that replica has, as scheme and host. */
export function serverOf(lease: V1Lease): string {
  return lease.metadata?.annotations?.[LEASE_ANNOTATION.server] ?? '';
}

const annotated = (lease: V1Lease, key: string): readonly unknown[] =>
  listOf(parseJson(lease.metadata?.annotations?.[key] ?? ''));

/** A name for the Lease of a replica: DNS-1123, from its host name. */
export function leaseName(replica: string): string {
  const slug = replica
    .toLowerCase()
    .replace(/[^a-z0-9.-]+/g, '-')
    .replace(/^[^a-z0-9]+|[^a-z0-9]+$/g, '');
  return `hangar-runner-${slug || 'unnamed'}`.slice(0, 253).replace(/[^a-z0-9]+$/, '');
}
