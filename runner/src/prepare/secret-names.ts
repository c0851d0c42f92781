import type { EnvValue, Pipeline } from '../pipeline/pipeline.ts';

/** Names of the Git credentials; pipelines can't reference them as secrets (known issue 27). */
export const NETRC_NAMES: readonly string[] = [
  'DRONE_NETRC_MACHINE',
  'DRONE_NETRC_USERNAME',
  'DRONE_NETRC_PASSWORD',
  'DRONE_NETRC_FILE',
];

/** Names that steps and services reference with `from_secret`, each once, in the order of the pipeline. */
export function secretNames(pipeline: Pipeline): readonly string[] {
  const values = [...pipeline.services, ...pipeline.steps].flatMap((step) => [
    ...Object.values(step.environment),
    ...Object.values(step.settings),
  ]);
  return [...new Set(values.filter(isSecret).map(({ secret }) => secret))];
}

function isSecret(value: EnvValue): value is Extract<EnvValue, { kind: 'secret' }> {
  return value.kind === 'secret';
}
