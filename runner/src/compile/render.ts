import { recordOf } from '@hangar/shared/json';
import type { V1Secret } from '@kubernetes/client-node';
import { stringify } from 'yaml';
import { type Compiled, MASKS_KEY } from '../pipeline/compiled.ts';

const HIDDEN = '******';

/** Masks, in any JSON value, each text that contains one of `masks`. */
function hideTexts(value: unknown, masks: readonly string[]): unknown {
  if (typeof value === 'string') return masks.some((mask) => value.includes(mask)) ? HIDDEN : value;
  if (Array.isArray(value)) return value.map((item) => hideTexts(item, masks));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, hideTexts(inner, masks)]));
}

/** What is not shown: values, and variables of all steps by name. */
interface Hidden {
  readonly masks: readonly string[];
  readonly variables: readonly string[];
}

/** The readable form of one entry. Scripts and the stage's file contain no secrets of steps, but may quote a masked value. */
function hideEntry(key: string, content: string, { masks, variables }: Hidden): string {
  if (key === MASKS_KEY || /^\d+\.secret\.\d+$/.test(key) || key === '.dockerconfigjson') return HIDDEN;
  if (key === 'stage.json') return JSON.stringify(hideVariables(content, { masks, variables }), null, 2);
  if (key.endsWith('.json')) return JSON.stringify(hideTexts(JSON.parse(content), masks), null, 2);
  return masks.some((mask) => content.includes(mask)) ? HIDDEN : content;
}

function hideVariables(content: string, { masks, variables }: Hidden): object {
  const stage = recordOf(hideTexts(JSON.parse(content), masks));
  const names = variables.filter((name) => Object.hasOwn(recordOf(stage.env), name));
  return {
    ...stage,
    env: { ...recordOf(stage.env), ...Object.fromEntries(names.map((name) => [name, HIDDEN])) },
  };
}

type Show = (key: string, content: string) => string;

/** A Secret in readable form: the API accepts `stringData` as well. */
function readable({ data, ...secret }: V1Secret, show: Show): object {
  const entries = Object.entries(data ?? {}).map(([key, content]) => {
    return [key, show(key, Buffer.from(content, 'base64').toString('utf8'))] as const;
  });
  return { ...secret, stringData: Object.fromEntries(entries) };
}

const document = (value: object): string =>
  `---\n${stringify(value, { lineWidth: 0, aliasDuplicateObjects: false })}`;

/**
 * The objects that would be sent to Kubernetes, as YAML for `compile` (previous-runner §2.2): Secrets, pull Secret, Pod. Secret values are
 * shown as `******` unless `showSecrets`; with it the output can be used with `kubectl apply`.
 */
export function toYaml(compiled: Compiled, { showSecrets }: { readonly showSecrets: boolean }): string {
  const hidden = { masks: Object.values(compiled.masks).flat(), variables: compiled.hiddenVariables ?? [] };
  const show: Show = (key, content) => (showSecrets ? content : hideEntry(key, content, hidden));
  const secrets = [...compiled.secrets, compiled.pullSecret].filter((secret) => secret !== undefined);
  return [...secrets.map((secret) => readable(secret, show)), compiled.pod].map(document).join('') + '...\n';
}
