import { invalidValue } from '../api/field-errors.ts';
import type { Resources } from '../api/pod.ts';
import { quantityOf } from '../api/quantity.ts';
import type { FieldError } from '../api/status-errors.ts';

const STANDARD = /^(cpu|memory|ephemeral-storage|hugepages-.+)$/;

/** Faults of a container's requests and limits. */
export function amountFaults({ requests = {}, limits = {} }: Resources, path: string): FieldError[] {
  return [
    ...Object.entries(limits).flatMap(([name, text]) => ownFaults(name, text, `${path}.limits`)),
    ...Object.entries(requests).flatMap(([name, text]) => [
      ...ownFaults(name, text, `${path}.requests`),
      ...limitFaults(name, text, limits[name], path),
    ]),
  ];
}

function ownFaults(name: string, text: string, path: string): FieldError[] {
  const here = `${path}[${name}]`;
  if (!STANDARD.test(name) && !name.includes('/')) {
    return [
      invalidValue(here, name, 'must be a standard resource type or fully qualified'),
      invalidValue(here, name, 'must be a standard resource for containers'),
    ];
  }
  const amount = quantityOf(text);
  return amount !== undefined && amount < 0
    ? [invalidValue(here, text, 'must be greater than or equal to 0')]
    : [];
}

function limitFaults(name: string, text: string, limitText: string | undefined, path: string): FieldError[] {
  const [request, limit] = [quantityOf(text), quantityOf(limitText)];
  if (request === undefined || limit === undefined || request < 0 || request <= limit) return [];
  const detail = `must be less than or equal to ${name} limit of ${limitText}`;
  return [invalidValue(`${path}.requests`, text, detail)];
}
