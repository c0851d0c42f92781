import { isVariableName } from './kubernetes-names.ts';

/** Limit of Linux for one variable, name and value together; with a longer one no program starts. */
const LONGEST_BYTES = 128 * 1024 - 2;

/** Valid variables, and warnings for those left out. */
export interface Usable {
  readonly variables: ReadonlyMap<string, string>;
  readonly warnings: readonly string[];
}

/** No character has more than three bytes a code unit, so short ones need not be counted. */
const isLong = (name: string, value: string): boolean =>
  (name.length + value.length) * 3 > LONGEST_BYTES &&
  Buffer.byteLength(name) + Buffer.byteLength(value) > LONGEST_BYTES;

function problem(name: string, value: string, engine: 'gate' | 'swap'): string {
  if (name === '' || /[=\0]/.test(name)) return 'its name is empty or contains "=" or a zero byte';
  if (value.includes('\0')) return 'its value contains a zero byte';
  if (isLong(name, value)) return 'it is longer than 128 KiB';
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
  const left = new Set<string>();
  const warnings: string[] = [];
  for (const [name, value] of all) {
    const text = problem(name, value, engine);
    if (text !== '' || name === NODE) left.add(name);
    if (text !== '')
      warnings.push(`${owner}: variable ${JSON.stringify(name.slice(0, 80))} is ignored: ${text}`);
  }
  const variables = left.size === 0 ? all : new Map([...all].filter(([name]) => !left.has(name)));
  return { variables, warnings };
}
