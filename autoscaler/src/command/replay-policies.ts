import { UsageError } from '@hangar/shared/program/command-error';
import { asWhole } from '@hangar/shared/program/options';
import type { Job } from '../capacity/job.ts';
import type { ReplayedSettings } from '../config/load.ts';
import { CapacityPolicy } from '../decide/capacity-policy.ts';
import type { BufferRule } from '../forecast/buffer-rule.ts';
import { clusterAutoscalerPolicy } from '../replay/policies/cluster-autoscaler.ts';
import { karpenterBufferPolicy, karpenterPolicy } from '../replay/policies/karpenter.ts';
import { clairvoyantRule, lookAheadRule, squareRootRule } from '../replay/policies/rules.ts';
import { ServedBuffer } from '../replay/policies/served-buffer.ts';
import {
  ReplayedDecisions,
  ruledPolicy,
  type ServiceOptions,
  servicePolicy,
} from '../replay/policies/service.ts';
import { softlyPlaced } from '../replay/policies/soft-taints.ts';
import { staticPolicy } from '../replay/policies/static.ts';
import type { ScalingPolicy } from '../replay/policy.ts';
import type { ScoringStrategy } from '../simulate/class-scores.ts';

/** A policy requested on the command line, not built yet. */
export interface PolicyRequest {
  readonly name: string;
  readonly placement: PodPlacement;
  readonly strategy: ScoringStrategy;
  /** Some policies receive the whole trace, on purpose. */
  build(jobs: readonly Job[]): ScalingPolicy;
}

/** The placement of builds: as the default scheduler does, packed, or spread with soft taints on surplus nodes. */
export type PodPlacement = 'least' | 'most' | 'soft-taint';

/** The command-line options about policies. */
export interface PolicyOptions {
  readonly names: readonly string[];
  readonly placement: PodPlacement | undefined;
  readonly bootSeconds: number;
  /** Of the service: its policy is the one that is replayed. */
  readonly settings: ReplayedSettings;
}

/** All placements. */
export const PLACEMENTS: readonly PodPlacement[] = ['least', 'most', 'soft-taint'];
const MOST_NODES = 100_000;

const policyOf = ({ settings }: PolicyOptions): CapacityPolicy => new CapacityPolicy(settings);

const serviceOf = (words: PolicyOptions): ServiceOptions => ({ ...words.settings, policy: policyOf(words) });

const squareRootOf = ({ settings }: PolicyOptions): BufferRule =>
  squareRootRule(settings.buffer.z, settings.buffer.floor);

/** A buffer of Karpenter that the service sets. @param newRule in the place of its forecast */
function bufferOf(words: PolicyOptions, newRule?: () => BufferRule): ScalingPolicy {
  const decisions = new ReplayedDecisions(policyOf(words), newRule);
  return karpenterBufferPolicy(new ServedBuffer(decisions, words.settings));
}

/** A pool that is sized as `serve` does, by its own rule or by another one. */
function ownPolicy(name: string, words: PolicyOptions, jobs: readonly Job[]): ScalingPolicy {
  const service = serviceOf(words);
  const { policy } = service;
  switch (name) {
    case 'sqrt':
      return ruledPolicy(squareRootOf(words), service);
    case 'look-ahead':
      return ruledPolicy(lookAheadRule(0, words.settings.buffer.floor), service);
    case 'clairvoyant':
      return ruledPolicy(clairvoyantRule(jobs, policy.leadSeconds(words.bootSeconds)), service);
    default:
      return servicePolicy(service);
  }
}

const OWN = ['forecast', 'sqrt', 'look-ahead', 'clairvoyant'];
const DEFAULT_NAMES = [
  'cluster-autoscaler',
  'karpenter',
  'karpenter-buffer',
  'sqrt',
  'forecast',
  'clairvoyant',
];
const ENGINES: Readonly<Record<string, (words: PolicyOptions) => ScalingPolicy>> = {
  'cluster-autoscaler': () => clusterAutoscalerPolicy(),
  karpenter: () => karpenterPolicy(),
  'karpenter-buffer': (words) => bufferOf(words),
  'karpenter-buffer-sqrt': (words) => bufferOf(words, () => squareRootOf(words)),
};

/** All policies that are named without a number. */
export const NAMED_POLICIES: readonly string[] = [...OWN, ...Object.keys(ENGINES)];

/** The builder of a policy by name, without the placement; undefined: unknown name. */
function builderOf(
  name: string,
  words: PolicyOptions,
): ((jobs: readonly Job[]) => ScalingPolicy) | undefined {
  if (name.startsWith('static:')) {
    const nodes = asWhole([1, MOST_NODES])(name.slice('static:'.length), 'policy static');
    return () => staticPolicy(nodes);
  }
  if (OWN.includes(name)) return (jobs) => ownPolicy(name, words, jobs);
  const engine = Object.hasOwn(ENGINES, name) ? ENGINES[name] : undefined;
  return engine && (() => ({ ...engine(words), name }));
}

function readPolicy(name: string, words: PolicyOptions): PolicyRequest {
  const build = builderOf(name, words);
  if (build === undefined) {
    const names = [...NAMED_POLICIES, 'static:N'].join(', ');
    throw new UsageError(`--policy takes ${names}; not "${name}"`);
  }
  const placement = words.placement ?? (OWN.includes(name) ? 'soft-taint' : 'least');
  return {
    name,
    placement,
    strategy: placement === 'most' ? 'most' : 'least',
    build: (jobs) => (placement === 'soft-taint' ? softlyPlaced(build(jobs)) : build(jobs)),
  };
}

/**
 * The policies requested on the command line; without names, all except the bounds.
 *
 * @throws {UsageError} for an unknown policy
 */
export function readPolicies(words: PolicyOptions): readonly PolicyRequest[] {
  const names = words.names.flatMap((name) => name.split(',')).filter((name) => name !== '');
  const wanted = names.length > 0 ? names : DEFAULT_NAMES;
  return wanted.map((name) => readPolicy(name, words));
}
