import { invalidByteSize, parseByteSize } from '@hangar/shared/units';
import type { Amount, EnvValue, FieldPath, PipelineMount, PipelineStep } from '../pipeline/pipeline.ts';
import { type Decoder, type Fields, isNull } from './decoder.ts';
import { DEVICE_KEY, type KeyOf } from './fields.ts';
import { readConditions } from './read-conditions.ts';
import { readReady, readRetry, readTimeout } from './read-run-fields.ts';
import { readStepSecurity } from './read-security.ts';
import { settingValue } from './settings.ts';
import type { YamlNode } from './yaml-node.ts';
import { resolveScalar } from './yaml-scalar.ts';

/** Bytes as a number, or as text with a unit (previous-runner §1.2, §3.3). */
export function readBytes(decoder: Decoder, node: YamlNode | undefined): number {
  if (node?.kind !== 'scalar' || resolveScalar(node).kind !== 'text') return decoder.integer(node);
  const text = decoder.text(node);
  const bytes = parseByteSize(text);
  if (bytes === undefined) decoder.problem(node, invalidByteSize(text));
  return bytes ?? 0;
}

/** One part (`limits` or `requests`) of the `resources` of a pipeline. */
export function readAmount(decoder: Decoder, node: YamlNode | undefined): Amount {
  const fields = decoder.fields(node, 'amount', 'resources');
  return {
    cpuMillicores: decoder.integer(fields.get('cpu')),
    memoryBytes: readBytes(decoder, fields.get('memory')),
  };
}

type Resources = Pick<PipelineStep, 'limits' | 'requests' | 'storage' | 'devices' | 'deviceParts'>;

/** The `resources` of a step: what containers take besides CPU and memory, too. */
function readResources(decoder: Decoder, node: YamlNode | undefined): Resources {
  const resources = decoder.fields(node, 'step resources', 'resources');
  const limits = readStepAmount(decoder, resources.get('limits'));
  const requests = readStepAmount(decoder, resources.get('requests'));
  const unequal = Object.keys(requests.devices).find(
    (name) => Object.hasOwn(limits.devices, name) && limits.devices[name] !== requests.devices[name],
  );
  if (unequal !== undefined && node !== undefined)
    decoder.problem(node, `the request of ${unequal} must be equal to its limit, or be left out`);
  return {
    limits: limits.amount,
    requests: requests.amount,
    storage: { requestBytes: requests.storageBytes, limitBytes: limits.storageBytes },
    devices: { ...requests.devices, ...limits.devices },
    ...devicePartsOf(requests.devices, limits.devices),
  };
}

type Devices = PipelineStep['devices'];

function devicePartsOf(requests: Devices, limits: Devices): Pick<Resources, 'deviceParts'> {
  const named = (devices: Devices, part: 'limits' | 'requests') =>
    Object.keys(devices).map((name) => [name, part] as const);
  const parts = [...named(requests, 'requests'), ...named(limits, 'limits')];
  return parts.length === 0 ? {} : { deviceParts: Object.fromEntries(parts) };
}

interface StepAmount {
  readonly amount: Amount;
  readonly storageBytes: number;
  readonly devices: Readonly<Record<string, number>>;
}

function readStepAmount(decoder: Decoder, node: YamlNode | undefined): StepAmount {
  const fields = decoder.fields(node, 'step amount', 'resources');
  const entries = node?.kind === 'map' ? decoder.entries(node, 'resources') : [];
  const devices = entries.filter(([key]) => DEVICE_KEY.test(key));
  return {
    amount: {
      cpuMillicores: decoder.integer(fields.get('cpu')),
      memoryBytes: readBytes(decoder, fields.get('memory')),
    },
    storageBytes: readBytes(decoder, fields.get('ephemeral_storage')),
    devices: Object.fromEntries(devices.map(([key, value]) => [key, decoder.integer(value)])),
  };
}

const FAST = new Set(['fast', 'fast-fail', 'fail-fast']);

function failurePolicy(text: string): PipelineStep['failure'] {
  if (text === 'ignore') return 'ignore';
  return FAST.has(text) ? 'fast' : 'fail';
}

function pullPolicy(text: string): PipelineStep['pull'] {
  const lower = text.toLowerCase();
  return lower === 'always' || lower === 'never' || lower === 'if-not-exists' ? lower : 'default';
}

function readVariable(decoder: Decoder, node: YamlNode): EnvValue | undefined {
  if (isNull(node)) return undefined;
  if (node.kind !== 'map') return { kind: 'text', text: decoder.text(node) };
  const fields = decoder.fields(node, 'variable');
  const secret = decoder.text(fields.get('from_secret'));
  return secret === ''
    ? { kind: 'text', text: decoder.text(fields.get('value')) }
    : { kind: 'secret', secret };
}

interface VariableReader {
  readonly nameOf: (key: string) => string;
  readonly valueOf: (value: YamlNode) => EnvValue | undefined;
}

function readVariables(
  decoder: Decoder,
  node: YamlNode | undefined,
  { nameOf, valueOf }: VariableReader,
): Readonly<Record<string, EnvValue>> {
  const variables: (readonly [string, EnvValue])[] = [];
  for (const [key, item] of decoder.entries(node, 'map[string]variable')) {
    const value = valueOf(item);
    if (value !== undefined) variables.push([nameOf(key), value]);
  }
  return Object.fromEntries(variables);
}

function readMount(decoder: Decoder, node: YamlNode): PipelineMount {
  const fields = decoder.fields(node, 'mount');
  return {
    name: decoder.text(fields.get('name')),
    path: decoder.text(fields.get('path')),
    subPath: decoder.text(fields.get('sub_path')),
  };
}

/** A shell by its path, which reads what follows. */
const SHELL = /(^|\/)(sh|ash|bash|dash|zsh)$/;
const SHELL_SYNTAX = /[\s"'`$&|;<>()*?\\]/;

/** What a shell replaces: a variable, or the output of a command. A match contains no second dollar, so that the search is linear. */
const SHELL_EXPRESSION = /\$(?:[A-Za-z_]\w*|\{[^}$]{1,100}\}|\([^)$]{1,100}\))|`[^`]{1,100}`/;
/** What Kubernetes replaces in the arguments of a container; a second dollar before it is an escape. */
const KUBERNETES_VARIABLE = /(?<!\$)\$\([A-Za-z_.-][\w.-]{0,100}\)/;

const REMEDY = 'Write entrypoint: [ /bin/sh, -c, "…" ], or commands';

/**
 * The previous runner gave `entrypoint` and `command` to a shell, which put variables in, and `command` without `entrypoint` to Kubernetes,
 * which put in those that are written as `$(NAME)` (docs/decisions/0003).
 */
function warnOfVariables(decoder: Decoder, fields: Fields<'step'>): void {
  const [entrypoint, command] = [fields.get('entrypoint'), fields.get('command')];
  const [first = '', ...more] = decoder.texts(entrypoint);
  const inCommand = decoder.texts(command);
  const warnOf = (node: YamlNode | undefined, variable: string | undefined, why: string): void => {
    if (node && variable) decoder.warn(node, `${variable} in ${why}. ${REMEDY}`);
  };
  if (first === '') {
    const why = '"command" is not substituted, because Kubernetes does not read the command';
    warnOf(command, firstMatch(inCommand, KUBERNETES_VARIABLE), why);
    return;
  }
  const isShell = SHELL.test(first) || (more.length === 0 && SHELL_SYNTAX.test(first));
  const why = 'a list of "entrypoint" is not substituted, because no shell runs the command';
  if (!isShell) warnOf(entrypoint, firstMatch([first, ...more, ...inCommand], SHELL_EXPRESSION), why);
}

const firstMatch = (words: readonly string[], expression: RegExp): string | undefined =>
  words.map((word) => expression.exec(word)?.[0]).find((found) => found !== undefined);

/** How the program of the step is run; absent fields stay absent. */
function readRunFields(
  decoder: Decoder,
  fields: Fields<'step'>,
): Pick<PipelineStep, 'timeoutMs' | 'retry' | 'ready'> {
  const timeoutMs = readTimeout(decoder, fields.get('timeout'));
  const retry = readRetry(decoder, fields.get('retry'));
  const ready = readReady(decoder, fields.get('ready'));
  return {
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
    ...(retry === undefined ? {} : { retry }),
    ...(ready === undefined ? {} : { ready }),
  };
}

/** Texts that these keys may have. Others mean the same as none, as in the previous runner. */
const KNOWN_TEXTS = {
  failure: new Set(['', 'fail', 'ignore', ...FAST]),
  pull: new Set(['', 'default', 'always', 'never', 'if-not-exists']),
} as const;

/** What an author has written and what has no effect, since nothing says so later. */
function warnOfUnused(
  decoder: Decoder,
  fields: Fields<'step'>,
  { name, commands, entrypoint }: Programs,
): void {
  for (const key of ['failure', 'pull'] as const) {
    const node = fields.get(key);
    if (node?.kind !== 'scalar' || isNull(node)) continue;
    const text = decoder.text(node);
    const known = KNOWN_TEXTS[key];
    if (!known.has(key === 'pull' ? text.toLowerCase() : text))
      decoder.warn(
        node,
        `\`${key}: ${text}\` of step ${name} is ignored: write ${[...known].filter(Boolean).join(', ')}`,
      );
  }
  const node = fields.get('commands');
  if (node !== undefined && commands.length > 0 && entrypoint.length > 0)
    decoder.warn(node, `\`commands\` of step ${name} are ignored, because it has \`entrypoint\``);
}

interface Programs {
  readonly name: string;
  readonly commands: readonly string[];
  readonly entrypoint: readonly string[];
}

/** A step or service (previous-runner §3.6) that is not null. */
export function readStep(decoder: Decoder, node: YamlNode, at: FieldPath): PipelineStep {
  const fields = decoder.fields(node, 'step');
  const text = (key: KeyOf<'step'>): string => decoder.text(fields.get(key));
  const texts = (key: KeyOf<'step'>): readonly string[] => decoder.texts(fields.get(key));
  const name = text('name');
  decoder.warnUnsupported(node, 'step', `step ${name}`);
  warnOfVariables(decoder, fields);
  const programs = { commands: texts('commands'), entrypoint: texts('entrypoint') };
  warnOfUnused(decoder, fields, { name, ...programs });
  return {
    name,
    image: text('image'),
    ...programs,
    command: texts('command'),
    environment: readVariables(decoder, fields.get('environment'), {
      nameOf: (key) => key,
      valueOf: (value) => readVariable(decoder, value),
    }),
    settings: readVariables(decoder, fields.get('settings'), {
      nameOf: (key) => decoder.settingNames.of(key),
      valueOf: settingValue,
    }),
    detach: decoder.bool(fields.get('detach')),
    dependsOn: texts('depends_on'),
    failure: failurePolicy(text('failure')),
    when: readConditions(decoder, fields.get('when')),
    pull: pullPolicy(text('pull')),
    privileged: decoder.bool(fields.get('privileged')),
    ...readResources(decoder, fields.get('resources')),
    user: decoder.optionalInteger(fields.get('user')),
    group: decoder.optionalInteger(fields.get('group')),
    security: readStepSecurity(decoder, fields.get('security_context')),
    volumes: decoder.structs(fields.get('volumes'), 'mount', (item) => readMount(decoder, item)),
    workingDir: text('working_dir'),
    ...readRunFields(decoder, fields),
    line: node.line,
    at,
  };
}
