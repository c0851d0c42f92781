import type { V1PodSpec } from '@kubernetes/client-node';
import type { Pipeline } from '../pipeline/pipeline.ts';
import { isDnsSubdomain } from './kubernetes-names.ts';
import { refuse } from './refuse.ts';

/**
 * Priority class and runtime class of the Pod, if the author names any. Whether they exist is for the API server to say.
 *
 * @throws {PipelineError} for what can't be a name
 */
export function podClasses({ priorityClassName, runtimeClassName }: Pipeline): Partial<V1PodSpec> {
  checked('priority_class_name', priorityClassName);
  checked('runtime_class_name', runtimeClassName);
  return {
    ...(priorityClassName === '' ? {} : { priorityClassName }),
    ...(runtimeClassName === '' ? {} : { runtimeClassName }),
  };
}

function checked(field: string, name: string): void {
  if (name !== '' && !isDnsSubdomain(name))
    refuse('invalid-pipeline', `${field} ${JSON.stringify(name)} cannot be the name of a class`, [field]);
}
