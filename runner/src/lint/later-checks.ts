import { workspacePath } from '../compile/workspace.ts';
import type { Pipeline, PipelineMount, PipelineStep } from '../pipeline/pipeline.ts';
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
  for (const step of steps) {
    for (const message of mountProblems(step, pipeline, names)) yield { message, line: step.line };
  }
  yield* variableNames('pipeline', Object.keys(pipeline.environment), pipeline.line ?? 0);
  for (const step of steps) {
    yield* variableNames(
      `step ${step.name}`,
      Object.keys({ ...step.environment, ...step.settings }),
      step.line,
    );
  }
}

/** Known issue 26: Kubernetes accepts the medium in any case, so it is refused in any case. */
function* memoryVolumes(pipeline: Pipeline): Generator<LintProblem> {
  for (const volume of pipeline.volumes) {
    const slipped =
      volume.kind === 'temp' && volume.medium !== 'memory' && volume.medium.toLowerCase() === 'memory';
    if (slipped) {
      yield {
        message: 'linter: untrusted repositories cannot mount in-memory volumes',
        line: volume.line ?? 0,
      };
    }
  }
}

function* sourcelessVolumes(pipeline: Pipeline): Generator<LintProblem> {
  for (const volume of pipeline.volumes) {
    if (volume.kind !== 'none') continue;
    const cure = 'give it one of temp, host, claim, config_map or secret, for example `temp: {}`';
    yield { message: `linter: volume ${volume.name} has no source: ${cure}`, line: volume.line ?? 0 };
  }
}

/** Known issues 29, 46 and 50. */
function* mountProblems(
  step: PipelineStep,
  pipeline: Pipeline,
  names: ReadonlySet<string>,
): Generator<string> {
  const { os } = pipeline.platform;
  const taken = new Set([cleanMountPath(workspacePath(pipeline.workspacePath), os)]);
  for (const mount of step.volumes) {
    const path = cleanMountPath(mount.path, os);
    yield* mountProblem(step, mount, path, names);
    if (taken.has(path)) yield `linter: step ${step.name} has more than one mount at ${path}`;
    taken.add(path);
  }
}

function* mountProblem(
  step: PipelineStep,
  mount: PipelineMount,
  path: string,
  names: ReadonlySet<string>,
): Generator<string> {
  if (mount.name === '_addons') yield 'linter: invalid volume name: _addons';
  else if (!names.has(mount.name)) {
    yield `linter: step ${step.name} mounts unknown volume ${mount.name}: declare it under volumes of the pipeline`;
  }
  if (mount.path === '') yield `linter: step ${step.name} mounts volume ${mount.name} without a path`;
  if (path === '/') yield 'linter: cannot mount volume at /';
  if (reservedFolder(path) === '/hangar') yield 'linter: cannot mount volume at /hangar';
  if (isEscaping(mount.subPath)) {
    yield `linter: step ${step.name} mounts volume ${mount.name} with sub_path ${mount.subPath}: it must be relative and without ..`;
  }
}

const isEscaping = (subPath: string): boolean =>
  /^[\\/]/.test(subPath) || subPath.split(/[\\/]/).includes('..');

function* variableNames(place: string, names: readonly string[], line: number): Generator<LintProblem> {
  for (const name of names) {
    if (VARIABLE_NAME.test(name)) continue;
    const cure = 'names are not empty and hold neither = nor control characters';
    yield { message: `linter: invalid variable name ${JSON.stringify(name)} of ${place}: ${cure}`, line };
  }
}
