import { isIP } from 'node:net';
import type { Container, Pod, PodSpec } from '../api/pod.ts';
import { amountOf } from '../api/quantity.ts';
import type { FieldErrors } from './field-errors.ts';
import { VARIABLE_FIELDS, validateFieldPath } from './field-paths.ts';
import {
  dnsLabelErrors,
  dnsSubdomainErrors,
  labelValueErrors,
  qualifiedNameErrors,
  variableNameErrors,
} from './names.ts';
import { validateVolumes } from './volumes.ts';

const LARGEST_SECONDS = 2_147_483_647;
const STANDARD_RESOURCE = /^(cpu|memory|ephemeral-storage|hugepages-.+)$/;
const ADDRESS_TEXT = 'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)';

/** Validates a new Pod, with the API server's order and messages. Defaults must be filled in before. */
export function validatePod(errors: FieldErrors, { spec }: Pod): void {
  const volumes = validateVolumes(errors, spec.volumes ?? []);
  if (!Array.isArray(spec.containers) || spec.containers.length === 0) errors.required('spec.containers');
  const names = new Set<string>();
  for (const list of ['containers', 'initContainers'] as const) {
    (spec[list] ?? []).forEach((container, index) => {
      const path = `spec.${list}[${index}]`;
      validateContainer(errors, container, path, volumes);
      if (names.has(container.name)) errors.duplicate(`${path}.name`, container.name);
      names.add(container.name);
    });
  }
  validatePolicies(errors, spec);
  validatePlacement(errors, spec);
  validateGates(errors, spec);
}

function validateContainer(
  errors: FieldErrors,
  container: Container,
  path: string,
  volumes: ReadonlySet<string>,
): void {
  if ((container.name ?? '') === '') errors.required(`${path}.name`);
  else errors.invalid(`${path}.name`, container.name, ...dnsLabelErrors(container.name));
  validateImage(errors, container, path);
  container.env?.forEach((variable, index) => {
    validateVariable(errors, variable, `${path}.env[${index}]`);
  });
  validateMounts(errors, container, `${path}.volumeMounts`, volumes);
  errors.supported(`${path}.imagePullPolicy`, container.imagePullPolicy, ['Always', 'IfNotPresent', 'Never']);
  validateAmounts(errors, container, `${path}.resources`);
}

/** Checks a container's image. */
export function validateImage(errors: FieldErrors, { image }: Container, path: string): void {
  if ((image ?? '') === '') errors.required(`${path}.image`);
  else if (image.trim() !== image)
    errors.invalid(`${path}.image`, image, 'must not have leading or trailing whitespace');
}

type Variable = NonNullable<Container['env']>[number];

function validateVariable(errors: FieldErrors, { name, value, valueFrom }: Variable, path: string): void {
  if (name === '') errors.required(`${path}.name`);
  else errors.invalid(`${path}.name`, name, ...variableNameErrors(name));
  if (valueFrom !== undefined) validateValueSource(errors, valueFrom, value, `${path}.valueFrom`);
}

function validateValueSource(
  errors: FieldErrors,
  valueFrom: NonNullable<Variable['valueFrom']>,
  value: string | undefined,
  from: string,
): void {
  const [first, second] = Object.keys(valueFrom);
  if (first === undefined) {
    const list = 'must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef` or `secretKeyRef`';
    errors.invalid(from, '', list);
  } else if (value) {
    errors.invalid(from, '', 'may not be specified when `value` is not empty');
  } else if (second !== undefined) {
    errors.invalid(from, '', 'may not have more than one field specified at a time');
  }
  validateFieldPath(errors, valueFrom.fieldRef, `${from}.fieldRef.fieldPath`, VARIABLE_FIELDS);
  for (const source of ['configMapKeyRef', 'secretKeyRef'] as const) {
    if (valueFrom[source]?.name === '') errors.required(`${from}.${source}.name`);
    if (valueFrom[source]?.key === '') errors.required(`${from}.${source}.key`);
  }
}

function validateMounts(
  errors: FieldErrors,
  { volumeMounts = [] }: Container,
  path: string,
  volumes: ReadonlySet<string>,
): void {
  const taken = new Set<string>();
  volumeMounts.forEach(({ name = '', mountPath = '', subPath = '' }, index) => {
    const here = `${path}[${index}]`;
    if (name === '') errors.required(`${here}.name`);
    if (!volumes.has(name)) errors.notFound(`${here}.name`, name);
    if (mountPath === '') errors.required(`${here}.mountPath`);
    if (taken.has(mountPath)) errors.invalid(`${here}.mountPath`, mountPath, 'must be unique');
    taken.add(mountPath);
    if (subPath.startsWith('/')) errors.invalid(`${path}.subPath`, subPath, 'must be a relative path');
    if (subPath.split('/').includes('..'))
      errors.invalid(`${path}.subPath`, subPath, "must not contain '..'");
  });
}

function validateAmounts(errors: FieldErrors, { resources = {} }: Container, path: string): void {
  const { requests = {}, limits = {} } = resources;
  const validateOne = (name: string, quantity: string, field: string): void => {
    if (!STANDARD_RESOURCE.test(name) && !name.includes('/')) {
      errors.invalid(
        field,
        name,
        'must be a standard resource type or fully qualified',
        'must be a standard resource for containers',
      );
    } else if ((amountOf(name, quantity) ?? 0) < 0) {
      errors.invalid(field, quantity, 'must be greater than or equal to 0');
    }
  };
  for (const [name, text] of Object.entries(limits)) validateOne(name, text, `${path}.limits[${name}]`);
  for (const [name, text] of Object.entries(requests)) {
    validateOne(name, text, `${path}.requests[${name}]`);
    const limit = amountOf(name, limits[name]);
    if (limit === undefined || (amountOf(name, text) ?? 0) <= limit) continue;
    errors.invalid(
      `${path}.requests`,
      text,
      `must be less than or equal to ${name} limit of ${limits[name]}`,
    );
  }
}

function validatePolicies(errors: FieldErrors, spec: PodSpec): void {
  errors.supported('spec.restartPolicy', spec.restartPolicy, ['Always', 'OnFailure', 'Never']);
  const deadline = spec.activeDeadlineSeconds;
  if (deadline !== undefined && (deadline < 1 || deadline > LARGEST_SECONDS)) {
    const detail = `must be between 1 and ${LARGEST_SECONDS}, inclusive`;
    errors.invalid('spec.activeDeadlineSeconds', deadline, detail);
  }
  for (const field of ['serviceAccountName', 'nodeName'] as const) {
    const name = spec[field] ?? '';
    if (name !== '') errors.invalid(`spec.${field}`, name, ...dnsSubdomainErrors(name));
  }
}

/** Where a Pod may be scheduled, and its names: selector, host name, tolerations and aliases. */
function validatePlacement(errors: FieldErrors, spec: PodSpec): void {
  for (const [key, value] of Object.entries(spec.nodeSelector ?? {})) {
    errors.invalid('spec.nodeSelector', key, ...qualifiedNameErrors(key));
    errors.invalid('spec.nodeSelector', value, ...labelValueErrors(value));
  }
  const { hostname = '' } = spec;
  if (hostname !== '') errors.invalid('spec.hostname', hostname, ...dnsLabelErrors(hostname));
  spec.tolerations?.forEach(({ operator }, index) => {
    if (operator === '') return;
    errors.supported(`spec.tolerations[${index}].operator`, operator, ['Equal', 'Exists']);
  });
  spec.hostAliases?.forEach(({ ip, hostnames = [] }, index) => {
    const path = `spec.hostAliases[${index}]`;
    if (isIP(ip) === 0) errors.invalid(`${path}.ip`, ip, ADDRESS_TEXT);
    hostnames.forEach((name, at) => {
      errors.invalid(`${path}.hostnames[${at}]`, name, ...dnsSubdomainErrors(name));
    });
  });
}

function validateGates(errors: FieldErrors, { schedulingGates = [], nodeName = '' }: PodSpec): void {
  const seen = new Set<string>();
  schedulingGates.forEach(({ name }, index) => {
    const path = `spec.schedulingGates[${index}]`;
    errors.invalid(path, name, ...qualifiedNameErrors(name));
    if (seen.has(name)) errors.duplicate(path, name);
    seen.add(name);
  });
  if (schedulingGates.length > 0 && nodeName !== '')
    errors.forbidden('spec.nodeName', 'cannot be set until all schedulingGates have been cleared');
}
