import { isVariableName } from './kubernetes-names.ts';

/** Limit of Linux for one variable, name and value together; with a longer one no program starts. */
const LONGEST_BYTES = 128 * 1024 - 2;

/** Valid variables, and warnings for those left out. */
export interface Usable {
  readonly variables: ReadonlyMap<string, string>;
  readonly warnings: readonly string[];
}

function problem(name: string, value: string, engine: 'gate' | 'swap'): string {
  if (name === '' || /[=\0]/.test(name)) return 'its name is empty or contains "=" or a zero byte';
  if (value.includes('\0')) return 'its value contains a zero byte';
  if (Buffer.byteLength(name) + Buffer.byteLength(value) > LONGEST_BYTES) return 'it is longer than 128 KiB';
  if (engine === 'swap' && !isVariableName(name))
    return 'its name has characters that Kubernetes does not accept';
  return '';
}

/** Set by the kubelet from the node; they can't be overridden (previous-runner §4.7.1, layer 11). */
const NODE = 'KUBERNETES_NODE';

/** Leaves out variables that would keep a container from starting (known issue 46); each warning starts with `owner`. */
export function usableVariables(
  all: ReadonlyMap<string, string>,
  engine: 'gate' | 'swap',
  owner: string,
): Usable {
  const variables = new Map<string, string>();
  const warnings: string[] = [];
  for (const [name, value] of all) {
    const text = problem(name, value, engine);
    if (text !== '')
      warnings.push(`${owner}: variable ${JSON.stringify(name.slice(0, 80))} is ignored: ${text}`);
    else if (name !== NODE) variables.set(name, value);
  }
  return { variables, warnings };
}
