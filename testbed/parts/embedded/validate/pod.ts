import { duplicate, fieldNotFound, invalidValue, notSupported, required } from '../api/field-errors.ts';
import type { Container, Pod, PodSpec, VolumeMount } from '../api/pod.ts';
import type { FieldError } from '../api/status-errors.ts';
import { amountFaults } from './amounts.ts';
import { environmentFaults } from './environment.ts';
import { dnsLabelFaults, dnsSubdomainFaults, qualifiedNameFaults } from './names.ts';
import { placementFaults } from './placement.ts';
import { volumeFaults } from './volumes.ts';

const RESTART_POLICIES = ['Always', 'OnFailure', 'Never'];
const PULL_POLICIES = ['Always', 'IfNotPresent', 'Never'];
const LARGEST_SECONDS = 2_147_483_647;

/** Faults of a new Pod, in the API server's order and words. Defaults must be filled in before. */
export function podFaults(pod: Pod): FieldError[] {
  const { spec } = pod;
  const volumes = volumeFaults(spec.volumes ?? []);
  return [
    ...volumes.faults,
    ...containersFaults(spec, volumes.names),
    ...initContainersFaults(spec, volumes.names),
    ...policyFaults(spec),
    ...placementFaults(spec),
    ...gateFaults(spec),
  ];
}

function containersFaults(spec: PodSpec, volumes: ReadonlySet<string>): FieldError[] {
  if (!Array.isArray(spec.containers) || spec.containers.length === 0) return [required('spec.containers')];
  const seen = new Set<string>();
  return spec.containers.flatMap((container, index) => {
    const path = `spec.containers[${index}]`;
    const faults = containerFaults(container, path, volumes);
    if (seen.has(container.name)) faults.push(duplicate(`${path}.name`, container.name));
    seen.add(container.name);
    return faults;
  });
}

function initContainersFaults(spec: PodSpec, volumes: ReadonlySet<string>): FieldError[] {
  const seen = new Set((spec.containers ?? []).map(({ name }) => name));
  return (spec.initContainers ?? []).flatMap((container, index) => {
    const path = `spec.initContainers[${index}]`;
    const faults = containerFaults(container, path, volumes);
    if (container.name !== '' && seen.has(container.name)) {
      faults.push(duplicate(`${path}.name`, container.name));
    }
    seen.add(container.name);
    return faults;
  });
}

function containerFaults(container: Container, path: string, volumes: ReadonlySet<string>): FieldError[] {
  return [
    ...nameFaults(container.name ?? '', `${path}.name`),
    ...imageFaults(container.image ?? '', `${path}.image`),
    ...environmentFaults(container, path),
    ...mountFaults(container.volumeMounts ?? [], `${path}.volumeMounts`, volumes),
    ...supportedFaults(`${path}.imagePullPolicy`, container.imagePullPolicy, PULL_POLICIES),
    ...amountFaults(container.resources ?? {}, `${path}.resources`),
  ];
}

function nameFaults(name: string, path: string): FieldError[] {
  return name === '' ? [required(path)] : dnsLabelFaults(name).map((text) => invalidValue(path, name, text));
}

function imageFaults(image: string, path: string): FieldError[] {
  if (image === '') return [required(path)];
  if (image.trim() === image) return [];
  return [invalidValue(path, image, 'must not have leading or trailing whitespace')];
}

function supportedFaults(path: string, value: string | undefined, known: string[]): FieldError[] {
  return value === undefined || known.includes(value) ? [] : [notSupported(path, value, known)];
}

function mountFaults(mounts: VolumeMount[], path: string, volumes: ReadonlySet<string>): FieldError[] {
  const taken = new Set<string>();
  return mounts.flatMap((mount, index) => {
    const here = `${path}[${index}]`;
    const faults: FieldError[] = [];
    if ((mount.name ?? '') === '') faults.push(required(`${here}.name`));
    if (!volumes.has(mount.name)) faults.push(fieldNotFound(`${here}.name`, mount.name ?? ''));
    if ((mount.mountPath ?? '') === '') faults.push(required(`${here}.mountPath`));
    if (taken.has(mount.mountPath)) {
      faults.push(invalidValue(`${here}.mountPath`, mount.mountPath, 'must be unique'));
    }
    taken.add(mount.mountPath);
    return [...faults, ...subPathFaults(mount.subPath ?? '', `${path}.subPath`)];
  });
}

function subPathFaults(subPath: string, path: string): FieldError[] {
  const faults: FieldError[] = [];
  if (subPath.startsWith('/')) faults.push(invalidValue(path, subPath, 'must be a relative path'));
  if (subPath.split('/').includes('..')) faults.push(invalidValue(path, subPath, "must not contain '..'"));
  return faults;
}

function policyFaults(spec: PodSpec): FieldError[] {
  const faults = supportedFaults('spec.restartPolicy', spec.restartPolicy, RESTART_POLICIES);
  const deadline = spec.activeDeadlineSeconds;
  if (deadline !== undefined && (deadline < 1 || deadline > LARGEST_SECONDS)) {
    const detail = `must be between 1 and ${LARGEST_SECONDS}, inclusive`;
    faults.push(invalidValue('spec.activeDeadlineSeconds', deadline, detail));
  }
  for (const name of [spec.serviceAccountName ?? '', spec.nodeName ?? '']) {
    const path = name === spec.nodeName ? 'spec.nodeName' : 'spec.serviceAccountName';
    if (name !== '') faults.push(...dnsSubdomainFaults(name).map((text) => invalidValue(path, name, text)));
  }
  return faults;
}

function gateFaults(spec: PodSpec): FieldError[] {
  const seen = new Set<string>();
  const gates = spec.schedulingGates ?? [];
  const faults = gates.flatMap(({ name }, index) => {
    const path = `spec.schedulingGates[${index}]`;
    const texts = qualifiedNameFaults(name).map((text) => invalidValue(path, name, text));
    if (seen.has(name)) texts.push(duplicate(path, name));
    seen.add(name);
    return texts;
  });
  if (gates.length > 0 && (spec.nodeName ?? '') !== '') {
    faults.push({
      reason: 'FieldValueForbidden',
      field: 'spec.nodeName',
      message: 'Forbidden: cannot be set until all schedulingGates have been cleared',
    });
  }
  return faults;
}
