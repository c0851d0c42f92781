import {
  formatCpuMillicores,
  formatMemoryBytes,
  parseCpuMillicores,
  parseMemoryBytes,
} from '@hangar/shared/quantity';

/** A quantity of a resource in whole units: CPU in millicores, memory in bytes; undefined when it is none. */
export function amountOf(resource: string, quantity: unknown): number | undefined {
  if (typeof quantity !== 'string' && typeof quantity !== 'number') return undefined;
  return resource.endsWith('cpu') ? parseCpuMillicores(`${quantity}`) : parseMemoryBytes(`${quantity}`);
}

/** An amount as the API prints it: `1500m`, `2`, `1Gi`. */
export function quantityText(resource: string, amount: number): string {
  if (resource.endsWith('cpu')) return formatCpuMillicores(amount);
  return resource.endsWith('memory') ? formatMemoryBytes(amount) : String(amount);
}
