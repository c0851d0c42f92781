import type { Clock } from '@hangar/shared/clock';
import { PAUSED_ANNOTATION } from '@hangar/shared/contract/object-keys';
import type { Cluster } from '@hangar/shared/kubernetes/cluster';
import type { Logger } from '@hangar/shared/logger';
import type { ActingConfig } from '../config/acting.ts';
import { Leadership } from '../lead/leadership.ts';
import type { Feature } from '../permissions/permissions.ts';
import { Rights } from './rights.ts';

/** What decides whether a replica may act. */
export type EligibilityOptions = Pick<ActingConfig, 'actuators' | 'dryRun' | 'lease' | 'place'> & {
  readonly runnersNamespace: string | undefined;
};

/** Why nothing is done for any pool now. */
export interface Standby {
  readonly outcome: 'starting' | 'refused' | 'follower' | 'paused';
  readonly note: string;
}

/** Says whether this replica may act now: it reviews its rights and stands for leadership. In a dry run it leads nothing. */
export class Eligibility {
  readonly #options: EligibilityOptions;
  readonly #rights: Rights;
  readonly #leadership: Leadership;

  constructor(
    parts: { readonly clock: Clock; readonly cluster: Cluster; readonly log: Logger },
    options: EligibilityOptions,
  ) {
    this.#options = options;
    this.#rights = new Rights(parts, { ...options, leaseNamespace: options.lease.namespace });
    this.#leadership = new Leadership(parts, options.lease);
  }

  /** Does this replica lead? In a dry run none does. */
  get isLeading(): boolean {
    return this.#leadership.isLeading;
  }

  /** Aborted when leadership ends; undefined while this replica doesn't lead. */
  get leading(): AbortSignal | undefined {
    return this.#leadership.leading;
  }

  /** Rights that are missing of what the settings ask for. */
  get missing(): readonly string[] {
    return this.#rights.missing;
  }

  /** Reviews and stands until the signal is aborted, resigns after `beforeResigning`; never rejects. */
  async run(stop: AbortSignal, beforeResigning: () => Promise<void>): Promise<void> {
    if (this.#options.dryRun) return this.#rights.run(stop);
    const resigned = new AbortController();
    const reviewing = this.#rights.run(stop);
    const leading = this.#leadership.run(() => Promise.resolve(), resigned.signal);
    await untilAborted(stop);
    if (this.isLeading) await beforeResigning();
    resigned.abort(new Error('told to stop'));
    await Promise.all([reviewing, leading]);
  }

  /** Which right a feature lacks, with the cure; undefined: none. */
  whyNot(feature: Feature): string | undefined {
    return this.#rights.whyNot(feature);
  }

  /** Why nothing is done now; undefined: this replica acts, or says in a dry run what it would do. */
  standby(): Standby | undefined {
    if (this.#options.dryRun) return undefined;
    if (!this.#rights.isKnown) return { outcome: 'starting', note: 'the rights are being reviewed' };
    const mayNot = this.whyNot('lead');
    if (mayNot !== undefined) return { outcome: 'refused', note: mayNot };
    const { isLeading, isPaused, holder } = this.#leadership;
    if (!isLeading)
      return {
        outcome: 'follower',
        note: holder ? `${holder} leads, this replica only looks` : 'nobody leads yet',
      };
    if (!isPaused) return undefined;
    const { namespace, name } = this.#options.lease;
    return {
      outcome: 'paused',
      note: `paused by the annotation ${PAUSED_ANNOTATION} on the Lease ${namespace}/${name}: remove it to go on`,
    };
  }

  /** Asked right before each write: leadership is judged by the clock and not by a timer. */
  whyNoWrite(): string | undefined {
    if (this.#options.dryRun) return 'this is a dry run';
    return this.isLeading ? undefined : 'this replica does not lead any more';
  }

  mayWriteEvents(): boolean {
    return this.whyNoWrite() === undefined && this.whyNot('events') === undefined;
  }
}

function untilAborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}
