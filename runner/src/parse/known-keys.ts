import { maybeMeant } from '@hangar/shared/program/nearest';
import { CONDITION_NAMES } from '../pipeline/pipeline.ts';

/** Keys of other Drone runners (previous-runner §3.5), ignored by this one. */
export const UNSUPPORTED_KEYS = [
  'devices',
  'network_mode',
  'dns',
  'extra_hosts',
  'ports',
  'push',
  'build',
  'tmpfs',
  'shm_size',
  'matrix',
] as const;

const AMOUNT_KEYS = ['cpu', 'memory'];

/** The keys of each part of a pipeline file that the parser or the server reads. Other maps have keys of their authors. */
const KNOWN_KEYS: Readonly<Record<string, readonly string[]>> = {
  pipeline: [
    ...['kind', 'type', 'version', 'name', 'depends_on', 'node', 'concurrency', 'platform', 'trigger'],
    ...[
      'clone',
      'environment',
      'resources',
      'services',
      'steps',
      'volumes',
      'image_pull_secrets',
      'workspace',
    ],
    ...['node_name', 'node_selector', 'service_account_name', 'metadata', 'tolerations', 'dns_config'],
    ...['host_aliases', ...UNSUPPORTED_KEYS],
  ],
  step: [
    ...[
      'name',
      'image',
      'commands',
      'entrypoint',
      'command',
      'environment',
      'settings',
      'detach',
      'depends_on',
    ],
    ...['failure', 'when', 'pull', 'privileged', 'resources', 'user', 'group', 'volumes', 'working_dir'],
    ...UNSUPPORTED_KEYS,
  ],
  platform: ['os', 'arch', 'variant', 'version'],
  clone: ['disable', 'depth', 'skip_verify', 'trace', 'retries'],
  workspace: ['path'],
  metadata: ['namespace', 'labels', 'annotations'],
  resources: ['limits', 'requests'],
  amount: AMOUNT_KEYS,
  conditions: CONDITION_NAMES,
  condition: ['include', 'exclude'],
  variable: ['value', 'from_secret'],
  mount: ['name', 'path', 'sub_path'],
  volume: ['name', 'temp', 'host', 'claim', 'config_map', 'secret'],
  toleration: ['key', 'operator', 'effect', 'value', 'tolerationseconds', 'toleration_seconds'],
  dns_config: ['nameservers', 'searches', 'options'],
  'dns option': ['name', 'value'],
  host_alias: ['ip', 'hostnames'],
};

const KINDS = ['pipeline', 'secret', 'signature', 'template', 'cron'];
const TYPES = ['kubernetes', 'docker', 'exec', 'ssh', 'digitalocean', 'macstadium', 'aws', 'vm'];

/** Longer keys are not treated as misspellings. */
const MAX_WORD_CHARS = 40;

const guess = (word: string, known: readonly string[]): string => {
  const meant = word.length > MAX_WORD_CHARS ? undefined : maybeMeant(word, known);
  return meant === undefined ? '' : `; did you mean \`${meant}\`?`;
};

/** A warning about a key that has no effect; undefined if it is known, or if an author may choose it. */
export function unknownKey(key: string, part: string): string | undefined {
  const known = Object.hasOwn(KNOWN_KEYS, part) ? KNOWN_KEYS[part] : undefined;
  // Such keys hold anchors for the rest of the file.
  if (known === undefined || known.includes(key) || /^[x.][-._]|^\.|^_/.test(key)) return undefined;
  const shown = key.length > MAX_WORD_CHARS ? `${key.slice(0, MAX_WORD_CHARS)}...` : key;
  return `unknown key \`${shown}\` of ${part} is ignored${guess(key, known)}`;
}

/** A warning about a document that is skipped, probably because its kind or type is misspelt. */
export function misspeltDocument(kind: string, type: string): string | undefined {
  const [word, name, known] =
    kind === 'pipeline' ? ([type, 'type', TYPES] as const) : ([kind, 'kind', KINDS] as const);
  const hint = known.includes(word) ? '' : guess(word, known);
  return hint === '' ? undefined : `the document of ${name} \`${word}\` is skipped${hint}`;
}
