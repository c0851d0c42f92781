import type { Clock } from '@hangar/shared/clock';
import type { Cluster } from '@hangar/shared/kubernetes/cluster';
import type { Logger } from '@hangar/shared/logger';
import type { ActuatorSetting } from '../config/actuators.ts';
import type { Feature } from '../permissions/permissions.ts';
import { type Places, type Review, review } from '../permissions/review.ts';
import { CLUSTER_EVENTS } from './resources.ts';

/** What rights are needed for. */
export interface RightsOptions {
  readonly actuators: readonly ActuatorSetting[];
  readonly place: boolean;
  readonly leaseNamespace: string;
  readonly runnersNamespace: string | undefined;
  /** Nothing is written: only looking is reviewed. */
  readonly dryRun: boolean;
}

interface RightsParts {
  readonly clock: Clock;
  readonly cluster: Cluster;
  readonly log: Logger;
}

const RETRY_MS = 5_000;
/** A right that was granted meanwhile is found without a restart. */
const AGAIN_MS = 300_000;

/** Which features may be used: reviewed at start, and again now and then while something is missing. */
export class Rights {
  readonly #parts: RightsParts;
  readonly #options: RightsOptions;
  readonly #features: ReadonlySet<Feature>;
  #review: Review | undefined;

  constructor(parts: RightsParts, options: RightsOptions) {
    this.#parts = parts;
    this.#options = options;
    this.#features = featuresOf(options);
  }

  /** Is it known what may be done? */
  get isKnown(): boolean {
    return this.#review !== undefined;
  }

  /** Why a feature can't be used, with the cure; undefined: it can. */
  whyNot(feature: Feature): string | undefined {
    return this.#review?.missing.get(feature);
  }

  /** What is missing of what was asked for. */
  get missing(): readonly string[] {
    return [...(this.#review?.missing ?? [])]
      .filter(([feature]) => this.#isAskedFor(feature))
      .map(([, text]) => text);
  }

  /** Reviews until nothing is missing or the signal is aborted; never rejects. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#parts;
    const said = new Set<string>();
    while (!signal.aborted) {
      await this.#ask(signal);
      for (const text of this.missing.filter((one) => !said.has(one))) {
        said.add(text);
        log.warn({}, text);
      }
      if (this.#review?.missing.size === 0) return;
      await clock.sleep(this.#review ? AGAIN_MS : RETRY_MS, signal);
    }
  }

  async #ask(signal: AbortSignal): Promise<void> {
    const { cluster, log } = this.#parts;
    try {
      const found = await review(cluster, this.#features, placesOf(this.#options), signal);
      if (found.warning !== '') log.warn({}, found.warning);
      this.#review = found;
    } catch (error) {
      if (!signal.aborted) log.warn({ err: error }, 'rights could not be reviewed yet; trying again');
    }
  }

  /** Marks left behind are cleared where that is allowed; where not, nobody asked for it. */
  #isAskedFor(feature: Feature): boolean {
    return feature !== 'place' || this.#options.place;
  }
}

function featuresOf(options: RightsOptions): ReadonlySet<Feature> {
  const look: readonly Feature[] =
    options.runnersNamespace === undefined ? ['look'] : ['look', 'runner-service'];
  if (options.dryRun) return new Set(look);
  return new Set([...look, 'lead', 'place', 'events', ...options.actuators.map(({ kind }) => kind)]);
}

function placesOf({ actuators, leaseNamespace, runnersNamespace }: RightsOptions): Places {
  const namespaced = actuators.filter(({ namespace }) => namespace !== '');
  const byKind = Map.groupBy(namespaced, ({ kind }) => kind);
  return {
    runners: runnersNamespace === undefined ? [] : [runnersNamespace],
    lease: [leaseNamespace],
    events: [CLUSTER_EVENTS, ...namespaced.map(({ namespace }) => namespace)],
    objects: Object.fromEntries(
      [...byKind].map(([kind, those]) => [kind, those.map(({ namespace }) => namespace)]),
    ),
  };
}
