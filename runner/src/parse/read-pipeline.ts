import type { Pipeline, PipelineStep, Toleration } from '../pipeline/pipeline.ts';
import { PipelineError } from '../pipeline/pipeline-error.ts';
import { type Decoder, type Fields, isNull } from './decoder.ts';
import { readAmount, readStep, warnUnsupported } from './read-step.ts';
import { readVolume } from './read-volume.ts';
import type { YamlNode } from './yaml-tree.ts';

/** Default name of a pipeline (previous-runner §3.4). */
export const DEFAULT_PIPELINE_NAME = 'default';

/** The old runner's exact message, hence the line is not part of it. */
const lintError = (message: string, line: number): PipelineError =>
  new PipelineError('lint', message, { place: { line, column: 1 } });

/** A list item that may be empty, with its line. */
interface Item {
  readonly step: PipelineStep | undefined;
  readonly line: number;
}

function readPlatform(decoder: Decoder, node: YamlNode | undefined): Pipeline['platform'] {
  const fields = decoder.fields(node, 'platform');
  const text = (key: string): string => decoder.text(fields.get(key));
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
  const text = (key: string): string => decoder.text(fields.get(key));
  const seconds = decoder.optionalInteger(fields.get('tolerationseconds'));
  const natural = decoder.optionalInteger(fields.get('toleration_seconds'));
  const effect = text('effect');
  if (natural !== undefined && effect !== 'NoExecute')
    decoder.warn(node.line, '`toleration_seconds` needs the effect NoExecute and is ignored');
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
function checkStepName(step: PipelineStep, seen: Set<string>): void {
  const refuse = (message: string): never => {
    throw lintError(`Linter: ${message}`, step.line);
  };
  if (step.name === '') refuse('invalid or missing step name');
  if (Buffer.byteLength(step.name) > 100) refuse('step name cannot exceed 100 characters');
  if (seen.has(step.name)) refuse('duplicate step name');
  seen.add(step.name);
}

const readItems = (decoder: Decoder, node: YamlNode | undefined, type: string): readonly Item[] =>
  decoder.structs(node, type, (item) => ({
    step: isNull(item) ? undefined : readStep(decoder, item),
    line: item.line,
  }));

/** All steps are decoded before any is checked, so that type errors are reported first, as in the old runner. */
function readSteps(decoder: Decoder, node: YamlNode | undefined): () => readonly PipelineStep[] {
  const read = readItems(decoder, node, 'step');
  return () => {
    const seen = new Set<string>();
    return read.map(({ step, line }) => {
      if (step === undefined) throw lintError('Linter: detected nil step', line);
      checkStepName(step, seen);
      return step;
    });
  };
}

function readServices(decoder: Decoder, node: YamlNode | undefined): () => readonly PipelineStep[] {
  const read = readItems(decoder, node, 'service');
  return () =>
    read.map(({ step, line }) => {
      if (step === undefined) throw lintError('linter: nil step', line);
      return { ...step, detach: true };
    });
}

/**
 * A document of kind `pipeline` and type `kubernetes` (previous-runner §3.5).
 *
 * @returns a function that checks the steps' names, to be called after `decoder.finish()` has succeeded
 */
export function readPipeline(decoder: Decoder, node: YamlNode): () => Pipeline {
  const fields = decoder.fields(node, 'pipeline');
  const text = (key: string): string => decoder.text(fields.get(key));
  const name = text('name') || DEFAULT_PIPELINE_NAME;
  warnUnsupported(decoder, fields, `pipeline ${name}`);
  const judgeServices = readServices(decoder, fields.get('services'));
  const judgeSteps = readSteps(decoder, fields.get('steps'));
  const rest = {
    name,
    line: node.line,
    ...readSections(decoder, fields),
    imagePullSecrets: decoder.texts(fields.get('image_pull_secrets')),
    workspacePath: decoder.text(decoder.fields(fields.get('workspace'), 'workspace').get('path')),
    nodeName: text('node_name'),
    nodeSelector: decoder.textMap(fields.get('node_selector')),
    serviceAccountName: text('service_account_name'),
  };
  return () => ({ ...rest, services: judgeServices(), steps: judgeSteps() });
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

function readSections(decoder: Decoder, fields: Fields): Sections {
  const resources = decoder.fields(fields.get('resources'), 'resources');
  return {
    platform: readPlatform(decoder, fields.get('platform')),
    clone: readClone(decoder, fields.get('clone')),
    environment: decoder.textMap(fields.get('environment')),
    requests: readAmount(decoder, resources.get('requests')),
    limits: readAmount(decoder, resources.get('limits')),
    volumes: decoder.structs(fields.get('volumes'), 'volume', (item) => readVolume(decoder, item)),
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
