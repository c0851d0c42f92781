import { isIP } from 'node:net';
import { invalidValue, notSupported } from '../api/field-errors.ts';
import type { PodSpec } from '../api/pod.ts';
import type { FieldError } from '../api/status-errors.ts';
import { dnsLabelFaults, dnsSubdomainFaults, labelValueFaults, qualifiedNameFaults } from './names.ts';

const OPERATORS = ['Equal', 'Exists'];

/** Faults of where a Pod may go and of the names it goes by: selector, tolerations, host name and aliases. */
export function placementFaults(spec: PodSpec): FieldError[] {
  return [
    ...selectorFaults(spec.nodeSelector ?? {}),
    ...hostnameFaults(spec.hostname ?? ''),
    ...tolerationFaults(spec),
    ...aliasFaults(spec),
  ];
}

function selectorFaults(selector: Record<string, string>): FieldError[] {
  const path = 'spec.nodeSelector';
  return Object.entries(selector).flatMap(([key, value]) => [
    ...qualifiedNameFaults(key).map((text) => invalidValue(path, key, text)),
    ...labelValueFaults(value).map((text) => invalidValue(path, value, text)),
  ]);
}

function hostnameFaults(hostname: string): FieldError[] {
  if (hostname === '') return [];
  return dnsLabelFaults(hostname).map((text) => invalidValue('spec.hostname', hostname, text));
}

function tolerationFaults({ tolerations = [] }: PodSpec): FieldError[] {
  return tolerations.flatMap(({ operator = '' }, index) =>
    operator === '' || OPERATORS.includes(operator)
      ? []
      : [notSupported(`spec.tolerations[${index}].operator`, operator, OPERATORS)],
  );
}

const ADDRESS_TEXT = 'must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)';

function aliasFaults({ hostAliases = [] }: PodSpec): FieldError[] {
  return hostAliases.flatMap(({ ip, hostnames = [] }, index) => {
    const path = `spec.hostAliases[${index}]`;
    const address = isIP(ip) === 0 ? [invalidValue(`${path}.ip`, ip, ADDRESS_TEXT)] : [];
    const names = hostnames.flatMap((name, at) =>
      dnsSubdomainFaults(name).map((text) => invalidValue(`${path}.hostnames[${at}]`, name, text)),
    );
    return [...address, ...names];
  });
}
