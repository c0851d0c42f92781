import { stepField } from '../compile/refuse.ts';
import { workspacePath } from '../compile/workspace.ts';
import type { FieldPath, Pipeline, PipelineMount, PipelineStep } from '../pipeline/pipeline.ts';
import { PipelineError } from '../pipeline/pipeline-error.ts';
import { cleanMountPath, reservedFolder } from './mount-path.ts';
import type { LintContext, LintProblem } from './problem.ts';

/** Characters that are invalid in variable names or unsafe in logs: `=` and control characters. */
const VARIABLE_NAME = /^[^=\p{Cc}]+$/u;

/** Checks that the old runner lacked; they run after all of its own, so that its results stay the same (previous-runner §9, §10). */
export function* laterChecks(pipeline: Pipeline, context: LintContext): Generator<LintProblem> {
  if (!context.trusted) yield* memoryVolumes(pipeline);
  yield* sourcelessVolumes(pipeline);
  const steps = [...pipeline.services, ...pipeline.steps];
  const names = new Set(pipeline.volumes.map((volume) => volume.name));
  for (const step of steps) yield* mountProblems(step, pipeline, names);
  yield* variableNames('pipeline', Object.keys(pipeline.environment), ['environment']);
  for (const step of steps) {
    yield* variableNames(
      `step ${step.name}`,
      [...new Set([...Object.keys(step.environment), ...Object.keys(step.settings)])],
      stepField(step, 'environment'),
    );
  }
  for (const step of steps) yield* misplacedFields(step);
}

/** `timeout` and `retry` are about the end of a step, which nobody waits for in the background; `ready` is about its start. */
function* misplacedFields(step: PipelineStep): Generator<LintProblem> {
  const { name, detach, timeoutMs, retry, ready } = step;
  if (ready !== undefined && !detach)
    yield {
      message: `linter: step ${name} cannot have ready, because the steps after it wait for its end: move it to services, or set detach: true`,
      at: stepField(step, 'ready'),
    };
  if (!detach) return;
  const kind = step.at?.[0] === 'services' ? `service ${name}` : `detached step ${name}`;
  if (timeoutMs !== undefined)
    yield {
      message: `linter: ${kind} cannot have timeout, because it runs until the last step has ended: use ready.timeout to limit how long the steps wait for it, or the timeout of those steps`,
      at: stepField(step, 'timeout'),
    };
  if (retry !== undefined)
    yield {
      message: `linter: ${kind} cannot have retry, because no step waits for its end: use ready to let the steps wait until it is ready`,
      at: stepField(step, 'retry'),
    };
}

/** Known issue 26: Kubernetes accepts the medium in any case, so it is refused in any case. */
function* memoryVolumes(pipeline: Pipeline): Generator<LintProblem> {
  for (const volume of pipeline.volumes) {
    const slipped =
      volume.kind === 'temp' && volume.medium !== 'memory' && volume.medium.toLowerCase() === 'memory';
    if (slipped) {
      yield {
        message: 'linter: untrusted repositories cannot mount in-memory volumes',
        at: [...(volume.at ?? []), 'temp', 'medium'],
      };
    }
  }
}

/** One that no step mounts is harmless, and the old runner left it out. */
function* sourcelessVolumes(pipeline: Pipeline): Generator<LintProblem> {
  const steps = [...pipeline.services, ...pipeline.steps];
  const mounted = new Set(steps.flatMap(({ volumes }) => volumes.map(({ name }) => name)));
  for (const volume of pipeline.volumes) {
    if (volume.kind !== 'none' || !mounted.has(volume.name)) continue;
    const cure = 'give it one of temp, cache, host, claim, config_map or secret, for example `temp: {}`';
    yield { message: `linter: volume ${volume.name} has no source: ${cure}`, at: volume.at ?? [] };
  }
}

/** The workspace's path; undefined if the compiler refuses it, which then reports it. */
function workspaceOf({ workspacePath: path }: Pipeline): string | undefined {
  try {
    return workspacePath(path);
  } catch (error) {
    if (error instanceof PipelineError) return undefined;
    throw error;
  }
}

/** Known issues 29, 46 and 50. */
function* mountProblems(
  step: PipelineStep,
  pipeline: Pipeline,
  names: ReadonlySet<string>,
): Generator<LintProblem> {
  const { os } = pipeline.platform;
  const workspace = workspaceOf(pipeline);
  const taken = new Set(workspace === undefined ? [] : [cleanMountPath(workspace, os)]);
  for (const [index, mount] of step.volumes.entries()) {
    const path = cleanMountPath(mount.path, os);
    const at = stepField(step, 'volumes', index);
    for (const [message, key] of mountProblem(step, mount, path, names)) yield { message, at: [...at, key] };
    if (taken.has(path))
      yield { message: `linter: step ${step.name} has more than one mount at ${path}`, at: [...at, 'path'] };
    taken.add(path);
  }
}

function* mountProblem(
  step: PipelineStep,
  mount: PipelineMount,
  path: string,
  names: ReadonlySet<string>,
): Generator<readonly [message: string, key: 'name' | 'path' | 'sub_path']> {
  if (mount.name === '_addons') yield ['linter: invalid volume name: _addons', 'name'];
  else if (!names.has(mount.name)) {
    const cure = 'declare it under volumes of the pipeline';
    yield [`linter: step ${step.name} mounts unknown volume ${mount.name}: ${cure}`, 'name'];
  }
  if (mount.path === '')
    yield [`linter: step ${step.name} mounts volume ${mount.name} without a path`, 'path'];
  if (path === '/') yield ['linter: cannot mount volume at /', 'path'];
  if (reservedFolder(path) === '/hangar') yield ['linter: cannot mount volume at /hangar', 'path'];
  if (isEscaping(mount.subPath)) {
    yield [
      `linter: step ${step.name} mounts volume ${mount.name} with sub_path ${mount.subPath}: it must be relative and without ..`,
      'sub_path',
    ];
  }
}

const isEscaping = (subPath: string): boolean =>
  /^[\\/]/.test(subPath) || subPath.split(/[\\/]/).includes('..');

function* variableNames(place: string, names: readonly string[], at: FieldPath): Generator<LintProblem> {
  for (const name of names) {
    if (VARIABLE_NAME.test(name)) continue;
    const cure = 'names must not be empty and must not contain = or control characters';
    yield {
      message: `linter: invalid variable name ${JSON.stringify(name)} of ${place}: ${cure}`,
      at: [...at, name],
    };
  }
}
