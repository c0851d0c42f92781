import type { V1Container, V1EnvVar, V1ResourceRequirements } from '@kubernetes/client-node';
import { containerName, GATE_PROGRAM, INIT_CONTAINER } from '../pipeline/compiled.ts';
import type { PipelineStep } from '../pipeline/pipeline.ts';
import type { Rules } from '../restrict/restrictions.ts';
import { isHeld } from './engine.ts';
import { type MountContext, mountsOf } from './mounts.ts';
import { checkedOthers } from './other-resources.ts';
import type { PlannedContainer } from './planned-container.ts';
import { stepField, stepTitle } from './refuse.ts';
import { toRequirements } from './resources.ts';
import { OWN_CONTEXT, type SecurityOfPipeline, securityContext } from './security-context.ts';
import type { CompileSettings } from './settings.ts';
import { STATUS_VALUES } from './stage-environment.ts';
import { swapSecretKey } from './stage-files.ts';
import { VOLUME } from './volumes.ts';
import { absolutePath, checkPathLength } from './workspace.ts';

/** Inputs shared by all containers of a Pod. */
export interface ContainerSources {
  readonly settings: CompileSettings;
  readonly pipeline: SecurityOfPipeline;
  readonly places: MountContext;
  readonly rules: Rules;
  /** Environment that all swapped containers share; gated ones read it from a file. */
  readonly common: ReadonlyMap<string, string>;
  /** Name of the Secret that contains a key. */
  readonly secretOf: (key: string) => string;
}

const NODE: V1EnvVar = { name: 'KUBERNETES_NODE', valueFrom: { fieldRef: { fieldPath: 'spec.nodeName' } } };

/** Escapes dollars: the kubelet expands `$(X)` in values and arguments, and turns `$$` into one dollar (known issue 38). */
const unexpanded = (text: string): string => text.replaceAll('$', '$$$$');

/** Variables of a swapped container, which has no gate to read files: plain ones in the Pod, secrets by reference. */
function swapVariables(
  container: PlannedContainer,
  { common, secretOf }: ContainerSources,
): readonly V1EnvVar[] {
  const { n, start, plain, secret } = container;
  // `gate hold` sets the status values of the turn of the step.
  const shared = [...common].filter(([name]) => !isHeld(start) || !STATUS_VALUES.has(name));
  const variables = new Map<string, V1EnvVar>(
    [...shared, ...plain].map(([name, value]) => [name, { name, value: unexpanded(value) }]),
  );
  [...secret.keys()].forEach((name, index) => {
    const key = swapSecretKey(n, index);
    variables.set(name, { name, valueFrom: { secretKeyRef: { name: secretOf(key), key } } });
  });
  return [...variables.values()];
}

/** The only difference between gate and swap: the container's initial image and command. A step with commands is held by the gate's program (PROTOCOL.md). */
function startFields(container: PlannedContainer, sources: ContainerSources): Partial<V1Container> {
  const { n, image, start, step } = container;
  if (start.engine === 'gate') {
    return { image, command: [GATE_PROGRAM, 'run', String(n)], env: [NODE] };
  }
  const env = [...swapVariables(container, sources), NODE];
  const { gateImage, placeholderImage } = sources.settings;
  if (isHeld(start))
    return { image: gateImage, command: [GATE_PROGRAM, 'hold', ...start.argv.map(unexpanded)], env };
  const args = step.command.length > 0 ? { args: step.command.map(unexpanded) } : {};
  return { image: placeholderImage, ...args, env };
}

/** `:latest` is not pulled again unless the author sets `pull` (known issue 69 is kept: pulling each time is the author's choice). */
function pullPolicy(pull: PipelineStep['pull']): string {
  switch (pull) {
    case 'always':
      return 'Always';
    case 'never':
      return 'Never';
    case 'if-not-exists':
    case 'default':
      return 'IfNotPresent';
  }
}

/** The author's working directory, else the image's own for background plugins, else the workspace (previous-runner §4.19). */
function workingDir(
  step: PipelineStep,
  role: PlannedContainer['role'],
  workspace: string,
): { workingDir?: string } {
  checkPathLength(step.workingDir, `working_dir of ${stepTitle(step)}`, stepField(step, 'working_dir'));
  if (step.workingDir !== '') return { workingDir: absolutePath(step.workingDir, workspace) };
  return role === 'background' && step.commands.length === 0 ? {} : { workingDir: workspace };
}

/** Builds the container of one step (previous-runner §4.19, PROTOCOL.md). */
export function stepContainer(container: PlannedContainer, sources: ContainerSources): V1Container {
  const { n, step, role, resources } = container;
  const { places, rules } = sources;
  return {
    name: containerName(n),
    ...startFields(container, sources),
    imagePullPolicy: pullPolicy(step.pull),
    ...workingDir(step, role, places.workspace),
    resources: toRequirements(resources, rules.ephemeralStorage, checkedOthers(step)),
    volumeMounts: [...mountsOf(container, places)],
    securityContext: securityContext(container, sources),
  };
}

/** The init container that installs the gate and creates the steps' folders; it always complies with the restricted profile (gate §7). */
export function initContainer(
  numbers: readonly number[],
  gateImage: string,
  resources: V1ResourceRequirements,
): V1Container {
  return {
    name: INIT_CONTAINER,
    image: gateImage,
    imagePullPolicy: 'IfNotPresent',
    command: ['/gate', 'init', ...numbers.map(String)],
    resources,
    volumeMounts: [
      { name: VOLUME.bin, mountPath: '/hangar/bin' },
      { name: VOLUME.state, mountPath: '/hangar/state' },
      { name: VOLUME.drone, mountPath: '/run/drone' },
    ],
    securityContext: OWN_CONTEXT,
  };
}

/** The init container that installs tmate, with which a failed step of a debug build opens a session (previous-runner §4.15). */
export function tmateContainer(image: string): V1Container {
  return {
    name: 'hangar-tmate',
    image,
    imagePullPolicy: 'IfNotPresent',
    command: ['/bin/drone-runner-docker'],
    args: ['copy'],
    volumeMounts: [{ name: VOLUME.addons, mountPath: '/usr/drone/bin' }],
    securityContext: OWN_CONTEXT,
  };
}
