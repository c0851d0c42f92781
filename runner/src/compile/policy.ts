import { RANDOM_NAMESPACE } from '../pipeline/compiled.ts';
import type { Pipeline } from '../pipeline/pipeline.ts';
import { byAuthor, byOperator, byPolicy, type Writer } from './checked-words.ts';
import { isDnsLabel } from './kubernetes-names.ts';
import { refuse } from './refuse.ts';
import type { CompileSettings, Policy } from './settings.ts';

/** The first policy that matches; undefined if none does. A policy called `default` must match like the others (known issue 44). */
export function choosePolicy(
  policies: readonly Policy[],
  applies: (conditions: Policy['match']) => boolean,
): Policy | undefined {
  return policies.find(({ match }) => applies(match));
}

/** The Pod's namespace. */
export interface PodNamespace {
  readonly namespace: string;
  readonly createNamespace: boolean;
}

/**
 * The namespace: policy, then pipeline, then default; decided once, so that no unused namespace is created (previous-runner §4.13,
 * known issue 44).
 */
export function decidePlace(
  pipeline: Pipeline,
  settings: CompileSettings,
  policy: Policy | undefined,
  name: () => string,
): PodNamespace {
  const writers: readonly (readonly [string, Writer])[] = [
    [policy?.namespace ?? '', byPolicy(policy, 'namespace')],
    [pipeline.metadata.namespace, byAuthor('metadata.namespace')],
    [settings.defaultNamespace || 'default', byOperator('DRONE_NAMESPACE_DEFAULT')],
  ];
  const [wanted, { code, place }] = writers.find(([namespace]) => namespace !== '') ?? [
    'default',
    byAuthor(''),
  ];
  if (wanted === RANDOM_NAMESPACE) return { namespace: name(), createNamespace: true };
  if (isDnsLabel(wanted)) return { namespace: wanted, createNamespace: false };
  return refuse(
    code,
    `${place}: ${JSON.stringify(wanted)} cannot be a namespace; write at most 63 of a-z, 0-9 and "-", beginning and ending with a letter or digit`,
    ['metadata', 'namespace'],
  );
}
