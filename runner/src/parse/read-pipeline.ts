import type { Pipeline, PipelineStep, Toleration } from '../pipeline/pipeline.ts';
import { type ErrorPlace, PipelineError } from '../pipeline/pipeline-error.ts';
import { type Decoder, type Fields, isNull } from './decoder.ts';
import type { KeyOf } from './fields.ts';
import { readAffinity } from './read-affinity.ts';
import { readParallelism } from './read-run-fields.ts';
import { readPodSecurity } from './read-security.ts';
import { readAmount, readStep } from './read-step.ts';
import { readTopologySpread } from './read-topology-spread.ts';
import { readVolume } from './read-volume.ts';
import type { YamlNode } from './yaml-node.ts';

/** Default name of a pipeline (previous-runner §3.4). */
export const DEFAULT_PIPELINE_NAME = 'default';

/** The old runner's exact message, hence the line is not part of it. */
const lintError = (message: string, { line, column }: ErrorPlace): PipelineError =>
  new PipelineError('lint', message, { place: { line, column } });

/** A list item that may be empty, with its place. */
interface Item {
  readonly step: PipelineStep | undefined;
  readonly node: YamlNode;
}

/** Steps, and why some of them can't be run. */
interface Judged {
  readonly steps: readonly PipelineStep[];
  readonly problems: readonly PipelineError[];
}

function readPlatform(decoder: Decoder, node: YamlNode | undefined): Pipeline['platform'] {
  const fields = decoder.fields(node, 'platform');
  const text = (key: KeyOf<'platform'>): string => decoder.text(fields.get(key));
  return { os: text('os'), arch: text('arch'), variant: text('variant'), version: text('version') };
}

function readClone(decoder: Decoder, node: YamlNode | undefined): Pipeline['clone'] {
  const fields = decoder.fields(node, 'clone');
  return {
    disable: decoder.bool(fields.get('disable')),
    depth: decoder.integer(fields.get('depth')),
    skipVerify: decoder.bool(fields.get('skip_verify')),
    trace: decoder.bool(fields.get('trace')),
    retries: decoder.integer(fields.get('retries')),
  };
}

function readMetadata(decoder: Decoder, node: YamlNode | undefined): Pipeline['metadata'] {
  const fields = decoder.fields(node, 'metadata');
  return {
    namespace: decoder.text(fields.get('namespace')),
    labels: decoder.textMap(fields.get('labels')),
    annotations: decoder.textMap(fields.get('annotations')),
  };
}

/** Known issue 42: the documented spelling of the seconds works, besides the one that the old runner accepted. */
export function readToleration(decoder: Decoder, node: YamlNode): Toleration {
  const fields = decoder.fields(node, 'toleration');
  const text = (key: KeyOf<'toleration'>): string => decoder.text(fields.get(key));
  const seconds = decoder.optionalInteger(fields.get('tolerationseconds'));
  const natural = decoder.optionalInteger(fields.get('toleration_seconds'));
  const effect = text('effect');
  if (natural !== undefined && effect !== 'NoExecute')
    decoder.warn(node, '`toleration_seconds` needs the effect NoExecute and is ignored');
  return {
    key: text('key'),
    operator: text('operator'),
    effect,
    value: text('value'),
    tolerationSeconds: seconds ?? natural,
  };
}

function readDnsConfig(decoder: Decoder, node: YamlNode | undefined): Pipeline['dnsConfig'] {
  const fields = decoder.fields(node, 'dns_config');
  const readOption = (item: YamlNode): Pipeline['dnsConfig']['options'][number] => {
    const option = decoder.fields(item, 'dns option');
    const value = option.get('value');
    return {
      name: decoder.text(option.get('name')),
      value: value === undefined || isNull(value) ? undefined : decoder.text(value),
    };
  };
  return {
    nameservers: decoder.texts(fields.get('nameservers')),
    searches: decoder.texts(fields.get('searches')),
    options: decoder.structs(fields.get('options'), 'dns option', readOption),
  };
}

function readHostAlias(decoder: Decoder, node: YamlNode): Pipeline['hostAliases'][number] {
  const fields = decoder.fields(node, 'host_alias');
  return { ip: decoder.text(fields.get('ip')), hostnames: decoder.texts(fields.get('hostnames')) };
}

/** The parser's own checks, of steps only (previous-runner §3.11). */
function nameProblem(step: PipelineStep, seen: ReadonlySet<string>): string | undefined {
  if (step.name === '') return 'invalid or missing step name';
  if (Buffer.byteLength(step.name) > 100) return 'step name cannot exceed 100 characters';
  return seen.has(step.name) ? 'duplicate step name' : undefined;
}

const nodeOfName = (node: YamlNode): YamlNode =>
  (node.kind === 'map' && node.entries.find(([key]) => key.kind === 'scalar' && key.text === 'name')?.[1]) ||
  node;

const readItems = (
  decoder: Decoder,
  node: YamlNode | undefined,
  [type, key]: readonly ['step', 'steps'] | readonly ['service', 'services'],
): readonly Item[] =>
  decoder.structs(node, type, (item, index) => ({
    step: isNull(item) ? undefined : readStep(decoder, item, [key, index]),
    node: item,
  }));

function readSteps(decoder: Decoder, list: YamlNode | undefined): Judged {
  const seen = new Set<string>();
  const problems: PipelineError[] = [];
  const items = readItems(decoder, list, ['step', 'steps']);
  for (const { step, node } of items) {
    const problem = step === undefined ? 'detected nil step' : nameProblem(step, seen);
    if (problem !== undefined) problems.push(lintError(`Linter: ${problem}`, nodeOfName(node)));
    if (step !== undefined) seen.add(step.name);
  }
  return { steps: items.flatMap(({ step }) => step ?? []), problems };
}

function readServices(decoder: Decoder, list: YamlNode | undefined): Judged {
  const items = readItems(decoder, list, ['service', 'services']);
  return {
    steps: items.flatMap(({ step }) => (step === undefined ? [] : { ...step, detach: true })),
    problems: items.flatMap(({ step, node }) => (step ? [] : lintError('linter: nil step', node))),
  };
}

/** A pipeline, and the parser's reasons why it can't be run, in the order in which the old runner looked for them. */
export interface ReadPipeline {
  readonly pipeline: Pipeline;
  readonly problems: readonly PipelineError[];
}

/** A document of kind `pipeline` and type `kubernetes` (previous-runner §3.5). Its type errors are the decoder's, and come first. */
export function readPipeline(decoder: Decoder, node: YamlNode): ReadPipeline {
  const fields = decoder.fields(node, 'pipeline');
  const text = (key: KeyOf<'pipeline'>): string => decoder.text(fields.get(key));
  const name = text('name') || DEFAULT_PIPELINE_NAME;
  decoder.warnUnsupported(node, 'pipeline', `pipeline ${name}`);
  const services = readServices(decoder, fields.get('services'));
  const steps = readSteps(decoder, fields.get('steps'));
  const rest = {
    name,
    ...readSections(decoder, fields),
    imagePullSecrets: decoder.texts(fields.get('image_pull_secrets')),
    workspacePath: decoder.text(decoder.fields(fields.get('workspace'), 'workspace').get('path')),
    nodeName: text('node_name'),
    nodeSelector: decoder.textMap(fields.get('node_selector')),
    serviceAccountName: text('service_account_name'),
    priorityClassName: text('priority_class_name'),
    runtimeClassName: text('runtime_class_name'),
    dnsPolicy: text('dns_policy'),
    parallelism: readParallelism(decoder, fields.get('parallelism')),
    security: readPodSecurity(decoder, fields.get('security_context')),
    affinity: readAffinity(decoder, fields.get('affinity')),
    topologySpread: readTopologySpread(decoder, fields.get('topology_spread_constraints')),
  };
  return {
    pipeline: { ...rest, services: services.steps, steps: steps.steps },
    problems: [...services.problems, ...steps.problems],
  };
}

type Sections = Pick<
  Pipeline,
  | 'platform'
  | 'clone'
  | 'environment'
  | 'requests'
  | 'limits'
  | 'volumes'
  | 'metadata'
  | 'tolerations'
  | 'dnsConfig'
  | 'hostAliases'
>;

function readSections(decoder: Decoder, fields: Fields<'pipeline'>): Sections {
  const resources = decoder.fields(fields.get('resources'), 'resources');
  return {
    platform: readPlatform(decoder, fields.get('platform')),
    clone: readClone(decoder, fields.get('clone')),
    environment: decoder.textMap(fields.get('environment')),
    requests: readAmount(decoder, resources.get('requests')),
    limits: readAmount(decoder, resources.get('limits')),
    volumes: decoder.structs(fields.get('volumes'), 'volume', (item, index) =>
      readVolume(decoder, item, ['volumes', index]),
    ),
    metadata: readMetadata(decoder, fields.get('metadata')),
    tolerations: decoder.structs(fields.get('tolerations'), 'toleration', (item) =>
      readToleration(decoder, item),
    ),
    dnsConfig: readDnsConfig(decoder, fields.get('dns_config')),
    hostAliases: decoder.structs(fields.get('host_aliases'), 'host_alias', (item) =>
      readHostAlias(decoder, item),
    ),
  };
}
