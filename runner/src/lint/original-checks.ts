import { stepField } from '../compile/refuse.ts';
import type { Pipeline, PipelineStep, PipelineVolume } from '../pipeline/pipeline.ts';
import { cleanMountPath, reservedFolder } from './mount-path.ts';
import { namespaceAllowed } from './namespace-rules.ts';
import type { LintContext, LintProblem } from './problem.ts';

const RESERVED_MOUNTS = new Set(['workspace', '_workspace', '_docker_socket', '_status']);
const RESERVED_VOLUMES = new Set([...RESERVED_MOUNTS, '_addons']);

/** The old linter's checks, in its order and with its messages (previous-runner §3.12). */
export function* originalChecks(pipeline: Pipeline, context: LintContext): Generator<LintProblem> {
  yield* stageResources(pipeline);
  yield* containers(pipeline, context.trusted);
  for (const volume of pipeline.volumes) yield* volumeProblems(volume, context.trusted);
  if (!namespaceAllowed(context.namespaceRules, pipeline.metadata.namespace, context.slug)) {
    yield {
      message: 'linter: pipeline restricted from using configured namespace',
      at: ['metadata', 'namespace'],
    };
  }
}

function* stageResources(pipeline: Pipeline): Generator<LintProblem> {
  const { cpuMillicores, memoryBytes } = pipeline.limits;
  const unusable = (what: 'cpu' | 'memory'): LintProblem => ({
    message: `linter: ${what} limit cannot be applied at stage level`,
    at: ['resources', 'limits', what],
  });
  if (cpuMillicores !== 0) yield unusable('cpu');
  if (memoryBytes !== 0) yield unusable('memory');
}

function* containers(pipeline: Pipeline, trusted: boolean): Generator<LintProblem> {
  const seen = new Set(pipeline.clone.disable ? [] : ['clone']);
  for (const step of [...pipeline.services, ...pipeline.steps]) {
    yield* identity(step, seen, trusted);
    yield* mounts(step, pipeline.platform.os);
    yield* dependencies(step, seen);
    seen.add(step.name);
  }
}

function* identity(step: PipelineStep, seen: ReadonlySet<string>, trusted: boolean): Generator<LintProblem> {
  if (seen.has(step.name)) yield { message: 'linter: duplicate step names', at: stepField(step, 'name') };
  if (step.image === '') yield { message: 'linter: invalid or missing image', at: stepField(step, 'image') };
  if (step.privileged && !trusted)
    yield {
      message: 'linter: untrusted repositories cannot enable privileged mode',
      at: stepField(step, 'privileged'),
    };
}

/** Known issue 29: only the folder `/run/drone` is reserved, so `/run/drone2` is allowed. */
function* mounts(step: PipelineStep, os: string): Generator<LintProblem> {
  for (const [index, mount] of step.volumes.entries()) {
    if (RESERVED_MOUNTS.has(mount.name))
      yield {
        message: `linter: invalid volume name: ${mount.name}`,
        at: stepField(step, 'volumes', index, 'name'),
      };
    if (reservedFolder(cleanMountPath(mount.path, os)) === '/run/drone')
      yield {
        message: 'linter: cannot mount volume at /run/drone',
        at: stepField(step, 'volumes', index, 'path'),
      };
  }
}

function* dependencies(step: PipelineStep, seen: ReadonlySet<string>): Generator<LintProblem> {
  for (const [index, dependency] of step.dependsOn.entries()) {
    const at = stepField(step, 'depends_on', index);
    if (dependency === step.name)
      yield { message: `linter: cyclical step dependency detected: ${dependency}`, at };
    else if (!seen.has(dependency)) {
      yield {
        message: `linter: unknown step dependency detected: ${step.name} references ${dependency}`,
        at,
      };
    }
  }
}

function untrustedSource(volume: PipelineVolume): string | undefined {
  switch (volume.kind) {
    case 'temp':
      return volume.medium === 'memory' ? 'in-memory' : undefined;
    case 'host':
      return 'host';
    case 'claim':
      return 'PVC';
    case 'config_map':
      return 'configMap';
    case 'secret':
      return 'secret';
    case 'cache':
    case 'none':
      return undefined;
  }
}

function* volumeProblems(volume: PipelineVolume, trusted: boolean): Generator<LintProblem> {
  const at = volume.at ?? [];
  const source = trusted ? undefined : untrustedSource(volume);
  const from = [...at, volume.kind];
  if (source === 'PVC') yield { message: 'linter: untrusted repositories cannot mount PVC', at: from };
  else if (source !== undefined)
    yield { message: `linter: untrusted repositories cannot mount ${source} volumes`, at: from };
  if (volume.name === '') yield { message: 'linter: missing volume name', at: [...at, 'name'] };
  if (RESERVED_VOLUMES.has(volume.name))
    yield { message: `linter: invalid volume name: ${volume.name}`, at: [...at, 'name'] };
}
