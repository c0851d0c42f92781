import type { Job } from '../capacity/job.ts';
import { forecastRule } from '../forecast/forecast-rule.ts';
import { clusterAutoscalerPolicy } from '../replay/policies/cluster-autoscaler.ts';
import { karpenterPolicy } from '../replay/policies/karpenter.ts';
import type { BufferRule } from '../replay/policies/own-pool.ts';
import { OWN_POOL, ownPoolPolicy } from '../replay/policies/own-pool.ts';
import { clairvoyantRule, lookAheadRule, squareRootRule } from '../replay/policies/rules.ts';
import { staticPolicy } from '../replay/policies/static.ts';
import type { Policy } from '../replay/policy.ts';
import type { ScoringStrategy } from '../simulate/class-scores.ts';
import { readNumber, readWord } from './options.ts';
import { UsageError } from './terminal.ts';

/** A policy as ordered on the command line, not built yet. */
export interface PolicyOrder {
  readonly name: string;
  readonly placement: Placement;
  readonly strategy: ScoringStrategy;
  /** Some know the whole trace, on purpose. */
  build(jobs: readonly Job[]): Policy;
}

/** How builds are placed: as the default scheduler does, tightly, or spread with surplus nodes softly closed. */
export type Placement = 'least' | 'most' | 'soft-taint';

/** What the command line said about policies. */
export interface PolicyWords {
  readonly names: readonly string[];
  readonly placement: string | undefined;
  readonly bootSeconds: number;
  readonly objectiveP95Seconds: number;
}

const PLACEMENTS: readonly Placement[] = ['least', 'most', 'soft-taint'];
const MOST_NODES = 100_000;
/** One push: what must find room at the quietest hour. */
const FLOOR_PODS = 5;
const RULE_Z = 2;
/** Where the forecast starts before it is held to the waits: replays of both loads of capacity.md §5 came out best about here. */
const QUANTILE = 0.87;

/** Policies that size a pool of their own, by the room that they keep free. */
function ownRule(name: string, words: PolicyWords, jobs: readonly Job[]): BufferRule | undefined {
  const leadSeconds = words.bootSeconds + OWN_POOL.tickSeconds;
  switch (name) {
    case 'sqrt':
      return squareRootRule(RULE_Z, FLOOR_PODS);
    case 'look-ahead':
      return lookAheadRule(0, FLOOR_PODS);
    case 'clairvoyant':
      return clairvoyantRule(jobs, leadSeconds);
    case 'forecast':
      return forecastRule({
        leadSeconds,
        quantile: QUANTILE,
        objectiveP95Seconds: words.objectiveP95Seconds / 2,
        floor: FLOOR_PODS,
        fallback: { z: RULE_Z, floor: FLOOR_PODS },
      });
    default:
      return undefined;
  }
}

const OWN = ['forecast', 'sqrt', 'look-ahead', 'clairvoyant'];
const ENGINES: Readonly<Record<string, () => Policy>> = {
  'cluster-autoscaler': () => clusterAutoscalerPolicy(),
  karpenter: () => karpenterPolicy(),
};

function ownOrder(name: string, words: PolicyWords, placement: Placement): PolicyOrder {
  return {
    name,
    placement,
    strategy: placement === 'most' ? 'most' : 'least',
    build: (jobs) => {
      const rule = ownRule(name, words, jobs);
      if (rule === undefined) throw new UsageError(`no policy ${name}`);
      return ownPoolPolicy(rule, { ...OWN_POOL, softTaint: placement === 'soft-taint' });
    },
  };
}

function engineOrder(name: string, placement: Placement, build: () => Policy): PolicyOrder {
  if (placement === 'soft-taint') {
    throw new UsageError(`--placement soft-taint is for pools of our own; ${name} takes least or most`);
  }
  return { name, placement, strategy: placement, build };
}

function readPolicy(name: string, words: PolicyWords): PolicyOrder {
  const placement =
    words.placement === undefined ? undefined : readWord('placement', words.placement, PLACEMENTS);
  if (OWN.includes(name)) return ownOrder(name, words, placement ?? 'soft-taint');
  const engine = Object.hasOwn(ENGINES, name) ? ENGINES[name] : undefined;
  if (engine !== undefined) return engineOrder(name, placement ?? 'least', engine);
  if (name.startsWith('static:')) {
    const nodes = Math.floor(readNumber('policy static', name.slice('static:'.length), [1, MOST_NODES]));
    return engineOrder(name, placement ?? 'least', () => staticPolicy(nodes));
  }
  throw new UsageError(
    `--policy takes ${[...OWN, ...Object.keys(ENGINES), 'static:N'].join(', ')}; not "${name}"`,
  );
}

/**
 * The policies that a command line orders; all but the bounds when it names none.
 *
 * @throws {UsageError} for an unknown policy or placement
 */
export function readPolicies(words: PolicyWords): readonly PolicyOrder[] {
  const names = words.names.flatMap((name) => name.split(',')).filter((name) => name !== '');
  const wanted =
    names.length > 0 ? names : ['cluster-autoscaler', 'karpenter', 'sqrt', 'forecast', 'clairvoyant'];
  if (names.length === 0 && words.placement === 'soft-taint')
    return OWN.map((name) => readPolicy(name, words));
  return wanted.map((name) => readPolicy(name, words));
}
