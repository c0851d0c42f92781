import { invalidValue, required } from '../api/field-errors.ts';
import type { Container, EnvVar } from '../api/pod.ts';
import type { FieldError } from '../api/status-errors.ts';
import { fieldPathFaults, VARIABLE_FIELDS } from './field-paths.ts';
import { variableNameFaults } from './names.ts';

const SOURCES = ['fieldRef', 'resourceFieldRef', 'configMapKeyRef', 'secretKeyRef'] as const;

/** Faults of a container's `env`. */
export function environmentFaults(container: Container, path: string): FieldError[] {
  return (container.env ?? []).flatMap((variable, index) => {
    const here = `${path}.env[${index}]`;
    const names =
      variable.name === ''
        ? [required(`${here}.name`)]
        : variableNameFaults(variable.name).map((text) => invalidValue(`${here}.name`, variable.name, text));
    return [...names, ...sourceFaults(variable, `${here}.valueFrom`)];
  });
}

function sourceFaults(variable: EnvVar, path: string): FieldError[] {
  const from = variable.valueFrom;
  if (from === undefined) return [];
  const count = SOURCES.filter((source) => from[source] !== undefined).length;
  if (count === 0) {
    const list = 'must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef` or `secretKeyRef`';
    return [invalidValue(path, '', list)];
  }
  if ((variable.value ?? '') !== '') {
    return [invalidValue(path, '', 'may not be specified when `value` is not empty')];
  }
  if (count > 1) return [invalidValue(path, '', 'may not have more than one field specified at a time')];
  const { fieldRef } = from;
  if (fieldRef !== undefined)
    return fieldPathFaults(fieldRef.fieldPath, `${path}.fieldRef.fieldPath`, VARIABLE_FIELDS);
  return keyFaults(variable, path);
}

function keyFaults({ valueFrom }: EnvVar, path: string): FieldError[] {
  return (['configMapKeyRef', 'secretKeyRef'] as const).flatMap((source) => {
    const ref = valueFrom?.[source];
    if (ref === undefined) return [];
    const name = (ref.name ?? '') === '' ? [required(`${path}.${source}.name`)] : [];
    return (ref.key ?? '') === '' ? [...name, required(`${path}.${source}.key`)] : name;
  });
}
