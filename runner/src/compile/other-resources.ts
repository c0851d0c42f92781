import type { PipelineStep } from '../pipeline/pipeline.ts';
import { isQualifiedName } from './kubernetes-names.ts';
import { checkAll, each, refuse, stepField, stepTitle } from './refuse.ts';
import type { OtherResources } from './resources.ts';

const MOST_DEVICES = 2 ** 31 - 1;

/** Kubernetes keeps names with its own domain for itself. */
const isDeviceName = (name: string): boolean => isQualifiedName(name) && !name.includes('kubernetes.io/');

/**
 * The ephemeral storage and the extended resources of a step.
 *
 * @throws {PipelineError} for what Kubernetes would refuse
 */
export function checkedOthers(step: PipelineStep): OtherResources {
  const { storage, devices } = step;
  const refused = (what: string, key: string, part = step.deviceParts?.[key] ?? 'limits'): never =>
    refuse(
      'invalid-pipeline',
      `${stepTitle(step)}, resources: ${what}`,
      stepField(step, 'resources', part, key),
    );
  const { requestBytes, limitBytes } = storage;
  const checkStorage = (): void => {
    if (limitBytes > 0 && requestBytes > limitBytes)
      refused('the request of ephemeral_storage exceeds its limit', 'ephemeral_storage', 'requests');
  };
  const checkDevice = ([name, count]: readonly [string, number]): void => {
    if (!isDeviceName(name)) refused(`${JSON.stringify(name)} cannot be the name of a resource`, name);
    if (!Number.isInteger(count) || count < 0 || count > MOST_DEVICES)
      refused(`${name} must be a whole number from 0 to ${MOST_DEVICES}`, name);
  };
  checkAll(checkStorage, () => each(Object.entries(devices), checkDevice));
  return step;
}
