import type { Clock } from '@hangar/shared/clock';
import { PAUSED_ANNOTATION } from '@hangar/shared/contract/object-keys';
import type { Cluster } from '@hangar/shared/kubernetes/cluster';
import type { Logger } from '@hangar/shared/logger';
import type { ActingConfig } from '../config/acting.ts';
import { Leadership } from '../lead/leadership.ts';
import type { ServiceFeature } from '../permissions/permissions.ts';
import { type Review, type ReviewedNamespaces, review } from '../permissions/review.ts';
import { CLUSTER_EVENTS } from './resources.ts';

interface EligibilityParts {
  readonly clock: Clock;
  readonly cluster: Cluster;
  readonly log: Logger;
}

/** What decides whether a replica may act. */
export type EligibilityOptions = Pick<ActingConfig, 'actuators' | 'dryRun' | 'lease' | 'place'> & {
  readonly runnersNamespace: string | undefined;
};

/** Why nothing is done for any pool now. */
export interface Standby {
  readonly outcome: 'starting' | 'refused' | 'follower' | 'paused';
  readonly note: string;
}

const RETRY_MS = 5_000;
/** While a right is missing: when it has been granted, it is found without a restart. */
const REVIEW_AGAIN_MS = 300_000;

/** Says whether this replica may act now: it reviews its rights and stands for leadership. In a dry run it leads nothing. */
export class Eligibility {
  readonly #parts: EligibilityParts;
  readonly #options: EligibilityOptions;
  readonly #leadership: Leadership;
  #review: Review | undefined;

  constructor(parts: EligibilityParts, options: EligibilityOptions) {
    this.#parts = parts;
    this.#options = options;
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

  /** Rights that are missing of what the settings ask for. Marks left behind are cleared only where the rights allow it. */
  get missing(): readonly string[] {
    return [...(this.#review?.missing ?? [])]
      .filter(([feature]) => feature !== 'place' || this.#options.place)
      .map(([, text]) => text);
  }

  /** Reviews and stands until the signal is aborted, resigns after `beforeResigning`; never rejects. */
  async run(stop: AbortSignal, beforeResigning: () => Promise<void>): Promise<void> {
    const reviewing = this.#reviewRights(stop);
    if (this.#options.dryRun) return reviewing;
    const resigned = new AbortController();
    const leading = this.#leadership.run(() => Promise.resolve(), resigned.signal);
    await untilAborted(stop);
    if (this.isLeading) await beforeResigning();
    resigned.abort(new Error('stopped by a signal'));
    await Promise.all([reviewing, leading]);
  }

  /** Which right a feature lacks, with the cure; undefined: none. */
  whyNot(feature: ServiceFeature): string | undefined {
    return this.#review?.missing.get(feature);
  }

  /** Why nothing is done now; undefined: this replica acts, or says in a dry run what it would do. */
  standby(): Standby | undefined {
    if (this.#options.dryRun) return undefined;
    if (!this.#review) return { outcome: 'starting', note: 'permissions are being reviewed' };
    const mayNot = this.whyNot('lead');
    if (mayNot !== undefined) return { outcome: 'refused', note: mayNot };
    const { isLeading, isPaused, holder } = this.#leadership;
    const follows = holder
      ? `${holder} is the leader, this replica is on standby`
      : 'no leader has been elected yet';
    if (!isLeading) return { outcome: 'follower', note: follows };
    if (!isPaused) return undefined;
    const { namespace, name } = this.#options.lease;
    return {
      outcome: 'paused',
      note: `paused by the annotation ${PAUSED_ANNOTATION} on the Lease ${namespace}/${name}: remove it to continue`,
    };
  }

  /** Asked right before each write: leadership is judged by the clock and not by a timer. */
  whyNoWrite(): string | undefined {
    if (this.#options.dryRun) return 'this is a dry run';
    return this.isLeading ? undefined : 'this replica is no longer the leader';
  }

  mayWriteEvents(): boolean {
    return this.whyNoWrite() === undefined && this.whyNot('events') === undefined;
  }

  /** Reviews at start, and again now and then while something is missing. */
  async #reviewRights(signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#parts;
    const logged = new Set<string>();
    while (!signal.aborted) {
      await this.#reviewOnce(signal);
      for (const text of this.missing.filter((one) => !logged.has(one))) {
        logged.add(text);
        log.warn({}, text);
      }
      if (this.#review?.missing.size === 0) return;
      await clock.sleep(this.#review ? REVIEW_AGAIN_MS : RETRY_MS, signal);
    }
  }

  async #reviewOnce(signal: AbortSignal): Promise<void> {
    const { cluster, log } = this.#parts;
    try {
      const found = await review(cluster, featuresOf(this.#options), placesOf(this.#options), signal);
      if (found.warning !== '') log.warn({}, found.warning);
      this.#review = found;
    } catch (error) {
      if (!signal.aborted) log.warn({ err: error }, 'permissions could not be reviewed yet; retrying');
    }
  }
}

/** In a dry run nothing is written: only what is read is reviewed. */
function featuresOf({
  runnersNamespace,
  dryRun,
  actuators,
}: EligibilityOptions): ReadonlySet<ServiceFeature> {
  const reads: readonly ServiceFeature[] =
    runnersNamespace === undefined ? ['read-only'] : ['read-only', 'runner-service'];
  if (dryRun) return new Set(reads);
  return new Set([...reads, 'lead', 'place', 'events', ...actuators.map(({ kind }) => kind)]);
}

function placesOf({ actuators, lease, runnersNamespace }: EligibilityOptions): ReviewedNamespaces {
  const namespaced = actuators.filter(({ namespace }) => namespace !== '');
  const byKind = Map.groupBy(namespaced, ({ kind }) => kind);
  return {
    runners: runnersNamespace === undefined ? [] : [runnersNamespace],
    lease: [lease.namespace],
    events: [CLUSTER_EVENTS, ...namespaced.map(({ namespace }) => namespace)],
    objects: Object.fromEntries(
      [...byKind].map(([kind, those]) => [kind, those.map(({ namespace, name }) => ({ namespace, name }))]),
    ),
  };
}

function untilAborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}
