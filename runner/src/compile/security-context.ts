import type { V1Capabilities, V1PodSpec, V1SeccompProfile, V1SecurityContext } from '@kubernetes/client-node';
import type { FieldPath, Pipeline, PipelineStep } from '../pipeline/pipeline.ts';
import { capabilityName, type SecurityProfile, type StepSecurity } from '../pipeline/security-context.ts';
import { CAPABILITIES } from './capabilities.ts';
import type { PlannedContainer } from './planned-container.ts';
import { each, refuse, stepField, stepTitle } from './refuse.ts';
import { checkLength, MOST_TERMS, refuseField } from './selectors.ts';
import type { CompileSettings } from './settings.ts';

/** Security context of steps in the `restricted` mode; a privileged step can't have it (gate §7). */
const HARDENED: V1SecurityContext = {
  allowPrivilegeEscalation: false,
  seccompProfile: { type: 'RuntimeDefault' },
};

/**
 * The rest of Pod Security's restricted profile. It has little effect on users other than root, but breaks most of root's work: `apt-get`,
 * `chown`.
 */
const NOT_ROOT: V1SecurityContext = { runAsNonRoot: true, capabilities: { drop: ['ALL'] } };

/** For our own containers, whatever the settings. */
export const OWN_CONTEXT: V1SecurityContext = {
  privileged: false,
  allowPrivilegeEscalation: false,
  readOnlyRootFilesystem: true,
  runAsNonRoot: true,
  runAsUser: 65532,
  runAsGroup: 65532,
  capabilities: { drop: ['ALL'] },
  seccompProfile: { type: 'RuntimeDefault' },
};

const LARGEST_ID = 2 ** 31 - 1;
const ID_PROBLEM = `must be a number from 0 to ${LARGEST_ID}`;
const isId = (id: number): boolean => Number.isInteger(id) && id >= 0 && id <= LARGEST_ID;

function checkedId(step: PipelineStep, what: 'user' | 'group'): number | undefined {
  const id = step[what];
  if (id === undefined || isId(id)) return id;
  return refuse('invalid-pipeline', `${stepTitle(step)}: ${what} ${id} ${ID_PROBLEM}`, stepField(step, what));
}

/** The field of the pipeline's own context. */
const podField = (...field: FieldPath): FieldPath => ['security_context', ...field];

function checkPodId(id: number | undefined, ...field: FieldPath): void {
  if (id !== undefined && !isId(id)) refuseField(podField(...field), `${id} ${ID_PROBLEM}`);
}

const TYPES = ['RuntimeDefault', 'Localhost', 'Unconfined'];
const LONGEST_PROFILE = 4095;

/** A relative path that does not lead upwards, as the kubelet wants it for seccomp; names of AppArmor profiles are none that differ. */
const isProfileName = (name: string): boolean =>
  name.trim() === name &&
  name.length > 0 &&
  name.length <= LONGEST_PROFILE &&
  !name.startsWith('/') &&
  !name.split('/').includes('..') &&
  !/\p{Cc}/u.test(name);

/** A profile in the form of the API. */
function checkedProfile({ type, localhostProfile }: SecurityProfile, at: FieldPath): V1SeccompProfile {
  if (!TYPES.includes(type)) refuseField([...at, 'type'], `must be one of ${TYPES.join(', ')}`);
  const place = [...at, 'localhost_profile'];
  if (type !== 'Localhost') {
    if (localhostProfile !== '') refuseField(place, 'needs type: Localhost');
    return { type };
  }
  if (!isProfileName(localhostProfile))
    refuseField(place, 'must be the name of a profile of the node, relative and without ".."');
  return { type, localhostProfile };
}

function checkedCapabilities(written: readonly string[], at: FieldPath): readonly string[] {
  checkLength(written, CAPABILITIES.size, at);
  return [
    ...new Set(
      each(written, (one, index) => {
        const name = capabilityName(one);
        return CAPABILITIES.has(name) ? name : refuseField([...at, index], 'is not a capability of Linux');
      }),
    ),
  ];
}

const NO_CAPABILITIES: Pick<StepSecurity, 'addCapabilities' | 'dropCapabilities'> = {
  addCapabilities: [],
  dropCapabilities: [],
};

/** What is dropped by hardening or author, and added by the author. */
function capabilities(
  security: StepSecurity | undefined,
  hardened: readonly string[],
  at: FieldPath,
): Pick<V1SecurityContext, 'capabilities'> {
  const { addCapabilities, dropCapabilities } = security ?? NO_CAPABILITIES;
  const add = checkedCapabilities(addCapabilities, [...at, 'add']);
  const dropped = checkedCapabilities(dropCapabilities, [...at, 'drop']);
  const both = add.findIndex((name) => dropped.includes(name));
  if (both >= 0) refuseField([...at, 'add', both], 'is dropped too; remove one of both');
  const drop = [...new Set([...hardened, ...dropped])];
  const all: V1Capabilities = {
    ...(add.length === 0 ? {} : { add: [...add] }),
    ...(drop.length === 0 ? {} : { drop }),
  };
  return Object.keys(all).length === 0 ? {} : { capabilities: all };
}

/** The pipeline's context, as far as steps without one of their own have it. */
export type SecurityOfPipeline = Pick<Pipeline, 'security'>;

/** Inputs of the context of one container. */
export interface SecuritySources {
  readonly settings: CompileSettings;
  readonly pipeline: SecurityOfPipeline;
}

function profiles(
  { step }: PlannedContainer,
  { security: ofPod }: SecurityOfPipeline,
): Pick<V1SecurityContext, 'seccompProfile' | 'appArmorProfile'> {
  const one = (kind: 'seccomp' | 'appArmor', field: string): V1SeccompProfile | undefined => {
    const own = step.security?.[kind];
    if (own !== undefined) return checkedProfile(own, stepField(step, 'security_context', field));
    return ofPod?.[kind] && checkedProfile(ofPod[kind], podField(field));
  };
  const seccompProfile = one('seccomp', 'seccomp_profile');
  const appArmorProfile = one('appArmor', 'app_armor_profile');
  return {
    ...(seccompProfile === undefined ? {} : { seccompProfile }),
    ...(appArmorProfile === undefined ? {} : { appArmorProfile }),
  };
}

interface Identity {
  readonly user: number | undefined;
  readonly group: number | undefined;
}

/** The step's own user, the pipeline's, then the operator's, which privileged steps don't have. */
function identityOf(
  { step, privileged }: PlannedContainer,
  { settings, pipeline }: SecuritySources,
): Identity {
  const { security } = pipeline;
  checkPodId(security?.user, 'run_as_user');
  checkPodId(security?.group, 'run_as_group');
  return {
    user: checkedId(step, 'user') ?? security?.user ?? (privileged ? undefined : settings.runAsUser),
    group: checkedId(step, 'group') ?? security?.group,
  };
}

/** Whether the container must not start as root; the kubelet compares the image's user, after the pull. */
function isNonRoot(
  { step }: PlannedContainer,
  { user }: Identity,
  { security }: SecurityOfPipeline,
): boolean {
  const own = step.security?.nonRoot;
  const isWanted = own ?? security?.nonRoot ?? false;
  if (isWanted && user === 0)
    refuseField(
      own === undefined
        ? podField('run_as_non_root')
        : stepField(step, 'security_context', 'run_as_non_root'),
      `contradicts user 0 of ${stepTitle(step)}`,
    );
  return isWanted;
}

function checkEscalation({ step, privileged }: PlannedContainer): void {
  if (!privileged || step.security?.escalation !== false) return;
  refuseField(
    stepField(step, 'security_context', 'allow_privilege_escalation'),
    `must not be false: ${stepTitle(step)} runs privileged`,
  );
}

/** Only what differs from the default of Kubernetes. */
const switches = (security: StepSecurity | undefined): V1SecurityContext => ({
  ...(security?.readOnlyRoot === true ? { readOnlyRootFilesystem: true } : {}),
  ...(security?.escalation === false ? { allowPrivilegeEscalation: false } : {}),
});

function hardened(user: number | undefined): V1SecurityContext {
  // Only the kubelet learns whether an image's own user is root, after the pull.
  return user === undefined || user === 0 ? HARDENED : { ...HARDENED, ...NOT_ROOT };
}

/**
 * The security context of a step's container: the operator's hardening, with what its author adds.
 *
 * @throws {PipelineError} for what Kubernetes would refuse, and for contradictions that would keep the container from starting
 */
export function securityContext(container: PlannedContainer, sources: SecuritySources): V1SecurityContext {
  const { step, privileged } = container;
  const { settings, pipeline } = sources;
  const identity = identityOf(container, sources);
  const { user, group } = identity;
  const base = settings.hardening === 'restricted' && !privileged ? hardened(user) : {};
  checkEscalation(container);
  return {
    privileged,
    ...(user === undefined ? {} : { runAsUser: user }),
    ...(group === undefined ? {} : { runAsGroup: group }),
    ...base,
    ...(isNonRoot(container, identity, pipeline) ? { runAsNonRoot: true } : {}),
    ...switches(step.security),
    ...capabilities(
      step.security,
      base.capabilities?.drop ?? [],
      stepField(step, 'security_context', 'capabilities'),
    ),
    ...profiles(container, pipeline),
  };
}

/** Annotations of Kubernetes before 1.30 that must not differ from the field. */
const APP_ARMOR = 'container.apparmor.security.beta.kubernetes.io/';

/** Where the pipeline sets an AppArmor profile; undefined if it sets none. */
function appArmorField({ security, steps, services }: Pipeline): FieldPath | undefined {
  const field = 'app_armor_profile';
  if (security?.appArmor !== undefined) return podField(field);
  const step = [...services, ...steps].find((one) => one.security?.appArmor !== undefined);
  return step && stepField(step, 'security_context', field);
}

function checkAppArmor(pipeline: Pipeline, annotations: Readonly<Record<string, string>>): void {
  const field = appArmorField(pipeline);
  if (field !== undefined && Object.keys(annotations).some((key) => key.startsWith(APP_ARMOR)))
    refuseField(field, `must not be combined with the annotation ${APP_ARMOR}…`);
}

/**
 * The part of the pipeline's context that only Pods have.
 *
 * @throws {PipelineError} for what Kubernetes would refuse
 */
export function podSecurityContext(
  pipeline: Pipeline,
  annotations: Readonly<Record<string, string>>,
): Partial<V1PodSpec> {
  checkAppArmor(pipeline, annotations);
  if (pipeline.security === undefined) return {};
  const { fsGroup, supplementalGroups } = pipeline.security;
  checkPodId(fsGroup, 'fs_group');
  checkLength(supplementalGroups, MOST_TERMS, podField('supplemental_groups'));
  each(supplementalGroups, (id, index) => checkPodId(id, 'supplemental_groups', index));
  const groups = {
    ...(fsGroup === undefined ? {} : { fsGroup }),
    ...(supplementalGroups.length === 0 ? {} : { supplementalGroups: [...supplementalGroups] }),
  };
  return Object.keys(groups).length === 0 ? {} : { securityContext: groups };
}
