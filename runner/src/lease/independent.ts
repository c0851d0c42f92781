import { createHash } from 'node:crypto';
import { LABEL } from '../pipeline/compiled.ts';
import { type Holder, identityOf } from './holder.ts';
import type { Intent } from './lease-record.ts';
import type { ReplicaRecord } from './replica-record.ts';

/** Who a replica without a Lease is. */
export interface Independent {
  readonly holder: Holder;
  /** Its own namespace: names of Pods repeat in others. */
  readonly namespace: string;
  /** Scheme and host of the Drone server that it works for. */
  readonly server: string;
}

/** The longest value of a label. */
const LABEL_CHARS = 63;
/** Before the name of an owner: no Lease is called so, since namespaces contain no colon. */
const KIND = 'replica:';

/**
 * A replica that works for itself, because the runner may not use Leases: it records nothing for others, and never takes over from another
 * replica. Its Pods name the process, so that no other one touches them.
 */
export class IndependentReplica implements ReplicaRecord {
  readonly #options: Independent;
  /** Never aborted: nobody else takes over. */
  readonly lost: AbortSignal = new AbortController().signal;
  readonly isFull = false;
  readonly intents: readonly Intent[] = [];
  readonly namespaces: readonly string[] = [];
  readonly name = '';

  constructor(options: Independent) {
    this.#options = options;
  }

  /** As Pods' annotations name it: this very process. */
  get owner(): string {
    return `${this.#replica}${identityOf(this.#options.holder)}`;
  }

  get server(): string {
    return this.#options.server;
  }

  /** For people, who select Pods by it. */
  get labels(): Readonly<Record<string, string>> {
    return { [LABEL.instance]: instanceLabel(this.#options.holder.replica) };
  }

  /**
   * Whether an owner was a process of this replica that has certainly ended: in this very Pod (the kubelet starts a container again
   * only after its end), or on this machine.
   */
  isPreviousProcess(owner: string): boolean {
    const { holder } = this.#options;
    const former = `${this.#replica}${holder.replica}/`;
    if (owner === this.owner || !owner.startsWith(former)) return false;
    const [podUid = '', instance = ''] = owner.slice(former.length).split('/');
    if (podUid !== holder.podUid) return false;
    return holder.podUid !== '' || holder.isGone?.(instance) === true;
  }

  has(): boolean {
    return false;
  }

  intend(): Promise<void> {
    return Promise.resolve();
  }

  settle(): void {
    // Nothing is recorded.
  }

  confirm(): void {
    // Nothing is recorded.
  }

  preparing(): Promise<void> {
    return Promise.resolve();
  }

  waiting(): void {
    // Nothing is recorded.
  }

  prepared(): void {
    // Nothing is recorded.
  }

  deathsOf(): number {
    return 0;
  }

  enter(): Promise<void> {
    return Promise.resolve();
  }

  leave(): void {
    // Nothing is recorded.
  }

  followSteps(): void {
    // Nothing is recorded.
  }

  get #replica(): string {
    return `${KIND}${this.#options.namespace}/`;
  }
}

/** A name as the value of a label; one that is too long ends with its hash. Pure. */
export function instanceLabel(name: string): string {
  const plain = name.replace(/[^A-Za-z0-9_.-]+/g, '-').replace(/^[^A-Za-z0-9]+|[^A-Za-z0-9]+$/g, '');
  if (plain.length <= LABEL_CHARS) return plain;
  const hash = createHash('sha256').update(name).digest('hex').slice(0, 8);
  return `${plain.slice(0, LABEL_CHARS - hash.length - 1)}-${hash}`;
}
