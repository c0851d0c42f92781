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
      line: pipeline.line ?? 0,
    };
  }
}

function* stageResources(pipeline: Pipeline): Generator<LintProblem> {
  const { cpuMillicores, memoryBytes } = pipeline.limits;
  const refuse = (what: string): LintProblem => ({
    message: `linter: ${what} limit cannot be applied at stage level`,
    line: pipeline.line ?? 0,
  });
  if (cpuMillicores !== 0) yield refuse('cpu');
  if (memoryBytes !== 0) yield refuse('memory');
}

function* containers(pipeline: Pipeline, trusted: boolean): Generator<LintProblem> {
  const seen = new Set(pipeline.clone.disable ? [] : ['clone']);
  for (const step of [...pipeline.services, ...pipeline.steps]) {
    const messages = [
      ...identity(step, seen, trusted),
      ...mounts(step, pipeline.platform.os),
      ...dependencies(step, seen),
    ];
    yield* messages.map((message) => ({ message, line: step.line }));
    seen.add(step.name);
  }
}

function* identity(step: PipelineStep, seen: ReadonlySet<string>, trusted: boolean): Generator<string> {
  if (seen.has(step.name)) yield 'linter: duplicate step names';
  if (step.image === '') yield 'linter: invalid or missing image';
  if (step.privileged && !trusted) yield 'linter: untrusted repositories cannot enable privileged mode';
}

/** Known issue 29: only the folder `/run/drone` is reserved, so `/run/drone2` is allowed. */
function* mounts(step: PipelineStep, os: string): Generator<string> {
  for (const mount of step.volumes) {
    if (RESERVED_MOUNTS.has(mount.name)) yield `linter: invalid volume name: ${mount.name}`;
    if (reservedFolder(cleanMountPath(mount.path, os)) === '/run/drone')
      yield 'linter: cannot mount volume at /run/drone';
  }
}

function* dependencies(step: PipelineStep, seen: ReadonlySet<string>): Generator<string> {
  for (const dependency of step.dependsOn) {
    if (dependency === step.name) yield `linter: cyclical step dependency detected: ${dependency}`;
    else if (!seen.has(dependency)) {
      yield `linter: unknown step dependency detected: ${step.name} references ${dependency}`;
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
    case 'none':
      return undefined;
  }
}

function* volumeProblems(volume: PipelineVolume, trusted: boolean): Generator<LintProblem> {
  const line = volume.line ?? 0;
  const source = trusted ? undefined : untrustedSource(volume);
  if (source === 'PVC') yield { message: 'linter: untrusted repositories cannot mount PVC', line };
  else if (source !== undefined)
    yield { message: `linter: untrusted repositories cannot mount ${source} volumes`, line };
  if (volume.name === '') yield { message: 'linter: missing volume name', line };
  if (RESERVED_VOLUMES.has(volume.name))
    yield { message: `linter: invalid volume name: ${volume.name}`, line };
}
