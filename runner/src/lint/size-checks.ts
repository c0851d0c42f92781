import { stepField } from '../compile/refuse.ts';
import type { FieldPath, Pipeline } from '../pipeline/pipeline.ts';
import { secretNames } from '../prepare/secret-names.ts';
import type { LintProblem } from './problem.ts';

/** More than a Pod has of any of these; each item is compared with the operator's rules. */
const MOST_KEYS = 1_000;
/** Twenty terms of twenty expressions with a hundred values, the most that a Pod may have of required ones, are 40,400. */
const MOST_NODE_VALUES = 50_000;
/** Each is looked up, at the secret plugin if there is one. */
const MOST_LOOKUPS = 100;
/** Of all steps together: a third more than a file of a megabyte of ordinary settings has. */
const MOST_VARIABLES = 60_000;
/** Of one step, or of the pipeline for all steps. */
const MOST_OF_ONE = 10_000;

/** A part of a pipeline that is too large if it has more items than `most`. */
interface Part {
  readonly at: FieldPath;
  readonly what: string;
  readonly count: number;
  readonly most: number;
}

const keysOf = (words: object): number => Object.keys(words).length;
const sumOf = (counts: readonly number[]): number => counts.reduce((sum, count) => sum + count, 0);

/** Values of labels and names of nodes, each of which is one choice of the author. */
function nodeValues({ affinity }: Pipeline): number {
  if (affinity === undefined) return 0;
  const { required, preferred } = affinity.nodes;
  const terms = [...(required ?? []), ...preferred.map(({ term }) => term)];
  return sumOf(
    terms.map(({ expressions, fields }) =>
      sumOf([...expressions, ...fields].map(({ values }) => values.length + 1)),
    ),
  );
}

function partsOf(pipeline: Pipeline): readonly Part[] {
  const { metadata, nodeSelector, imagePullSecrets, environment, hostAliases, security } = pipeline;
  const steps = [...pipeline.services, ...pipeline.steps];
  const keys = (what: string, count: number, at: FieldPath): Part => ({ what, count, most: MOST_KEYS, at });
  return [
    keys('node_selector', keysOf(nodeSelector), ['node_selector']),
    keys('metadata.labels', keysOf(metadata.labels), ['metadata', 'labels']),
    keys('metadata.annotations', keysOf(metadata.annotations), ['metadata', 'annotations']),
    {
      what: 'affinity.node_affinity',
      count: nodeValues(pipeline),
      most: MOST_NODE_VALUES,
      at: ['affinity', 'node_affinity'],
    },
    keys('security_context.supplemental_groups', security?.supplementalGroups.length ?? 0, [
      'security_context',
      'supplemental_groups',
    ]),
    keys('host_aliases', sumOf(hostAliases.map(({ hostnames }) => hostnames.length)), ['host_aliases']),
    keys('the extended resources of steps', sumOf(steps.map(({ devices }) => keysOf(devices))), ['steps']),
    keys('the names of secrets in all steps', secretNames(pipeline).length, ['steps']),
    {
      what: 'image_pull_secrets',
      count: new Set(imagePullSecrets).size,
      most: MOST_LOOKUPS,
      at: ['image_pull_secrets'],
    },
    { what: 'environment', count: keysOf(environment), most: MOST_OF_ONE, at: ['environment'] },
    ...steps.map((step) => ({
      what: `environment and settings of step ${step.name}`,
      count: keysOf(step.environment) + keysOf(step.settings),
      most: MOST_OF_ONE,
      at: stepField(step),
    })),
    {
      what: 'environment and settings of all steps together',
      count: sumOf([
        keysOf(environment),
        ...steps.map((step) => keysOf(step.environment) + keysOf(step.settings)),
      ]),
      most: MOST_VARIABLES,
      at: ['steps'],
    },
  ];
}

/** Bounds what the compiler has to compare item by item: a file of a megabyte could name hundreds of thousands. */
export function* sizeChecks(pipeline: Pipeline): Generator<LintProblem> {
  for (const { what, count, most, at } of partsOf(pipeline)) {
    if (count > most)
      yield {
        message: `linter: ${what}: ${count} items, and at most ${most} are allowed: remove some`,
        at,
      };
  }
}
