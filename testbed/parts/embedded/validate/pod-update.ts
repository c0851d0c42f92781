import { isDeepStrictEqual } from 'node:util';
import type { Container, Pod, PodSpec } from '../api/pod.ts';
import type { FieldErrors } from './field-errors.ts';
import { validateImage } from './pod.ts';

const UPDATABLE = [
  '`spec.containers[*].image`',
  '`spec.initContainers[*].image`',
  '`spec.activeDeadlineSeconds`',
  '`spec.tolerations` (only additions to existing tolerations)',
  '`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)',
].join(',');

/** Checks a change to a Pod: nearly everything in its spec is immutable. */
export function validatePodUpdate(errors: FieldErrors, before: Pod, after: Pod): void {
  const [old, next] = [before.spec, after.spec];
  for (const list of ['containers', 'initContainers'] as const) {
    if ((old[list] ?? []).length !== (next[list] ?? []).length)
      errors.forbidden(`spec.${list}`, 'pod updates may not add or remove containers');
  }
  if (errors.list.length > 0) return;
  next.containers.forEach((container, index) => {
    validateImage(errors, container, `spec.containers[${index}]`);
  });
  validateDeadline(errors, old, next);
  validateTolerations(errors, old, next);
  validateGates(errors, old, next);
  validateImmutable(errors, old, next);
}

function validateDeadline(errors: FieldErrors, old: PodSpec, next: PodSpec): void {
  const path = 'spec.activeDeadlineSeconds';
  const [was, is] = [old.activeDeadlineSeconds, next.activeDeadlineSeconds];
  if (is === undefined && was !== undefined)
    errors.invalid(path, is, 'must not update from a positive integer to nil value');
  if (is !== undefined && (is < 0 || is > 2_147_483_647))
    errors.invalid(path, is, 'must be between 0 and 2147483647, inclusive');
  if (is !== undefined && was !== undefined && is > was)
    errors.invalid(path, is, 'must be less than or equal to previous value');
}

function validateTolerations(errors: FieldErrors, old: PodSpec, next: PodSpec): void {
  const kept = (old.tolerations ?? []).every((toleration) =>
    (next.tolerations ?? []).some((candidate) =>
      isDeepStrictEqual({ ...candidate, tolerationSeconds: 0 }, { ...toleration, tolerationSeconds: 0 }),
    ),
  );
  const detail = 'existing toleration can not be modified except its tolerationSeconds';
  if (!kept) errors.forbidden('spec.tolerations', detail);
}

function validateGates(errors: FieldErrors, old: PodSpec, next: PodSpec): void {
  const known = new Set((old.schedulingGates ?? []).map(({ name }) => name));
  const gates = next.schedulingGates ?? [];
  const at = gates.findIndex(({ name }) => !known.has(name));
  if (at < 0) return;
  const detail = `only deletion is allowed, but found new scheduling gate '${gates[at]?.name}'`;
  errors.forbidden(`spec.schedulingGates[${at}].name`, detail);
}

/** What may change is set back to what it was; any difference that is left is forbidden. */
function validateImmutable(errors: FieldErrors, old: PodSpec, next: PodSpec): void {
  const { activeDeadlineSeconds, schedulingGates, tolerations, nodeSelector, affinity } = old;
  const ungating =
    (schedulingGates ?? []).length > 0 &&
    isDeepStrictEqual({ ...next.nodeSelector, ...nodeSelector }, next.nodeSelector ?? {});
  const munged = {
    ...next,
    ...{ activeDeadlineSeconds, schedulingGates, tolerations },
    ...(ungating ? { nodeSelector, affinity } : {}),
    containers: withImagesOf(old.containers, next.containers),
    initContainers: next.initContainers && withImagesOf(old.initContainers ?? [], next.initContainers),
  };
  const [was, is] = [plain(old), plain(munged)];
  if (isDeepStrictEqual(is, was)) return;
  const diff = difference(was, is);
  errors.forbidden('spec', `pod updates may not change fields other than ${UPDATABLE}\n${diff}`);
}

function withImagesOf(old: Container[], next: Container[]): Container[] {
  return next.map((container, index) => ({ ...container, image: old[index]?.image ?? container.image }));
}

/** As sent over the wire: without undefined members. */
function plain(value: object): Record<string, unknown> {
  return JSON.parse(JSON.stringify(value)) as Record<string, unknown>;
}

/** Not the server's own diff (that prints Go values), but it too names what differs. */
function difference(old: Record<string, unknown>, next: Record<string, unknown>): string {
  const lines = Object.keys({ ...old, ...next })
    .sort()
    .filter((key) => !isDeepStrictEqual(old[key], next[key]))
    .flatMap((key) => [
      `- \t${key}: ${JSON.stringify(old[key])},`,
      `+ \t${key}: ${JSON.stringify(next[key])},`,
    ]);
  return `  core.PodSpec{\n${lines.join('\n')}\n  }\n`;
}
