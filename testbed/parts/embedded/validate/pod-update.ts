import { isDeepStrictEqual } from 'node:util';
import { forbiddenField, invalidValue } from '../api/field-errors.ts';
import type { Container, Pod, PodSpec } from '../api/pod.ts';
import type { FieldError } from '../api/status-errors.ts';

const UPDATABLE = [
  '`spec.containers[*].image`',
  '`spec.initContainers[*].image`',
  '`spec.activeDeadlineSeconds`',
  '`spec.tolerations` (only additions to existing tolerations)',
  '`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)',
].join(',');

/** Faults of a change to a Pod: nearly everything in its spec is immutable. */
export function podUpdateFaults(before: Pod, after: Pod): FieldError[] {
  const [old, next] = [before.spec, after.spec];
  const count = containerCountFaults(old, next);
  if (count.length > 0) return count;
  return [
    ...imageFaults(next),
    ...deadlineFaults(old, next),
    ...tolerationFaults(old, next),
    ...gateFaults(old, next),
    ...immutableFaults(old, next),
  ];
}

function containerCountFaults(old: PodSpec, next: PodSpec): FieldError[] {
  const text = 'pod updates may not add or remove containers';
  const faults: FieldError[] = [];
  if (old.containers.length !== next.containers.length) faults.push(forbiddenField('spec.containers', text));
  if ((old.initContainers ?? []).length !== (next.initContainers ?? []).length) {
    faults.push(forbiddenField('spec.initContainers', text));
  }
  return faults;
}

function imageFaults(next: PodSpec): FieldError[] {
  return next.containers.flatMap((container, index) => {
    const path = `spec.containers[${index}].image`;
    if ((container.image ?? '') === '') {
      return [{ reason: 'FieldValueRequired', field: path, message: 'Required value' }];
    }
    if (container.image.trim() === container.image) return [];
    return [invalidValue(path, container.image, 'must not have leading or trailing whitespace')];
  });
}

function deadlineFaults(old: PodSpec, next: PodSpec): FieldError[] {
  const path = 'spec.activeDeadlineSeconds';
  const [was, is] = [old.activeDeadlineSeconds, next.activeDeadlineSeconds];
  if (is === undefined) {
    const detail = 'must not update from a positive integer to nil value';
    return was === undefined ? [] : [invalidValue(path, undefined, detail)];
  }
  if (is < 0 || is > 2_147_483_647) {
    return [invalidValue(path, is, 'must be between 0 and 2147483647, inclusive')];
  }
  if (was === undefined || is <= was) return [];
  return [invalidValue(path, is, 'must be less than or equal to previous value')];
}

function tolerationFaults(old: PodSpec, next: PodSpec): FieldError[] {
  const kept = (old.tolerations ?? []).every((toleration) =>
    (next.tolerations ?? []).some((candidate) =>
      isDeepStrictEqual({ ...candidate, tolerationSeconds: 0 }, { ...toleration, tolerationSeconds: 0 }),
    ),
  );
  return kept
    ? []
    : [
        forbiddenField(
          'spec.tolerations',
          'existing toleration can not be modified except its tolerationSeconds',
        ),
      ];
}

function gateFaults(old: PodSpec, next: PodSpec): FieldError[] {
  const known = new Set((old.schedulingGates ?? []).map(({ name }) => name));
  const added = (next.schedulingGates ?? []).filter(({ name }) => !known.has(name));
  const [first] = added;
  if (first === undefined) return [];
  const at = (next.schedulingGates ?? []).indexOf(first);
  return [
    forbiddenField(
      `spec.schedulingGates[${at}].name`,
      `only deletion is allowed, but found new scheduling gate '${first.name}'`,
    ),
  ];
}

/** What may change is set back to what it was; any difference that is left is forbidden. */
function immutableFaults(old: PodSpec, next: PodSpec): FieldError[] {
  const munged: Record<string, unknown> = { ...next, containers: imagesOf(old.containers, next.containers) };
  if (next.initContainers !== undefined) {
    munged['initContainers'] = imagesOf(old.initContainers ?? [], next.initContainers);
  }
  const mayChange = ['activeDeadlineSeconds', 'schedulingGates', 'tolerations'];
  if ((old.schedulingGates ?? []).length > 0 && onlyAdds(old.nodeSelector, next.nodeSelector)) {
    mayChange.push('nodeSelector', 'affinity');
  }
  for (const field of mayChange) {
    if (old[field] === undefined) delete munged[field];
    else munged[field] = old[field];
  }
  if (isDeepStrictEqual(plain(munged), plain(old))) return [];
  return [
    forbiddenField(
      'spec',
      `pod updates may not change fields other than ${UPDATABLE}\n${difference(old, munged)}`,
    ),
  ];
}

function onlyAdds(old: Record<string, string> = {}, next: Record<string, string> = {}): boolean {
  return Object.entries(old).every(([key, value]) => next[key] === value);
}

function imagesOf(old: Container[], next: Container[]): Container[] {
  return next.map((container, index) => ({ ...container, image: old[index]?.image ?? container.image }));
}

function plain(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value)) as unknown;
}

/** Not the server's own diff (that prints Go values), but it too names what differs. */
function difference(old: Record<string, unknown>, next: Record<string, unknown>): string {
  const keys = [...new Set([...Object.keys(old), ...Object.keys(next)])].sort();
  const differing = keys.filter((key) => !isDeepStrictEqual(plain({ v: old[key] }), plain({ v: next[key] })));
  const lines = differing.flatMap((key) => [
    `- \t${key}: ${JSON.stringify(old[key])},`,
    `+ \t${key}: ${JSON.stringify(next[key])},`,
  ]);
  return `  core.PodSpec{\n${lines.join('\n')}\n  }\n`;
}
