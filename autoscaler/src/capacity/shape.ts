import type { Resources } from '@hangar/shared/kubernetes/pod-request';

export type { Resources };

/** A kind of node, by what the scheduler may hand out on it. */
export interface NodeShape {
  /** Short name as people write it: `4cpu-8gb`, or the text of `--node`. */
  readonly name: string;
  /** `node.status.allocatable`: CPU, memory and number of Pods, before any DaemonSet. */
  readonly allocatable: Resources & { readonly pods: number };
  /** Where the allocatable figures come from, in words for the reader. */
  readonly source: string;
}

/** The two columns of the published table. What their author meant by them is unknown (scheduling-and-scaling §4.3). */
export type LoadLevel = 'low' | 'high';

/** Both levels, in the order in which they are shown. */
export const LOAD_LEVELS: readonly LoadLevel[] = ['low', 'high'];

/** Bytes of one MiB. */
export const MIB = 2 ** 20;

/** Bytes of one GiB. */
export const GIB = 2 ** 30;
