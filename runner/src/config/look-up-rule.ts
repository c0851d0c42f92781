import type { RunnerConfig } from './runner-config.ts';

/** Which registries image look-ups contact, for the operator. Pure. */
export function lookUpRule({ privateRegistries, plainHttp, mirrors }: RunnerConfig['registry']): string {
  const never = 'never to link-local or metadata addresses, nor to the Kubernetes API server';
  if (privateRegistries.includes('*'))
    return `image look-ups go to every registry that a pipeline names, including private addresses (HANGAR_PRIVATE_REGISTRIES=none refuses those), and ${never}`;
  const named = [...new Set([...privateRegistries, ...plainHttp, ...Object.values(mirrors)])];
  const names = named.filter((name) => name !== 'none').join(', ') || 'none';
  return `image look-ups go to public addresses, to private ones only for registries that the operator named (${names}, and those with the operator's credentials), and ${never}`;
}
