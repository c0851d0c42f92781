import type { FieldPath, Pipeline, PipelineStep } from '../pipeline/pipeline.ts';
import { capabilityName, type SecurityProfile } from '../pipeline/security-context.ts';
import type { ForbiddenChoice, NameChoice } from './check.ts';
import { shown, stepName } from './shown.ts';

/** A profile, and how a message calls it. */
interface ChosenProfile {
  readonly profile: SecurityProfile;
  readonly what: string;
  readonly at: FieldPath;
}

/** The path of a field of the security context of a step. */
const ofStep = ({ at = ['clone'] }: PipelineStep, ...field: FieldPath): FieldPath => [
  ...at,
  'security_context',
  ...field,
];

function profilesOf(
  {
    seccomp,
    appArmor,
  }: { readonly seccomp: SecurityProfile | undefined; readonly appArmor: SecurityProfile | undefined },
  owner: string,
  at: FieldPath,
): readonly ChosenProfile[] {
  const all = [
    ['seccomp_profile', seccomp],
    ['app_armor_profile', appArmor],
  ] as const;
  return all.flatMap(([field, profile]) =>
    profile === undefined
      ? []
      : [{ profile, what: `${field} ${shown(profile.type)}${owner}`, at: [...at, field, 'type'] }],
  );
}

const allProfiles = ({ security, services, steps }: Pipeline): readonly ChosenProfile[] => [
  ...(security === undefined ? [] : profilesOf(security, '', ['security_context'])),
  ...[...services, ...steps].flatMap((step) =>
    step.security === undefined ? [] : profilesOf(step.security, ` of ${stepName(step)}`, ofStep(step)),
  ),
];

/** The default of the runtime is what every container should have: it is nobody's choice. */
const isChosen = ({ profile }: ChosenProfile): boolean => profile.type !== 'RuntimeDefault';

const valueOf = ({ type, localhostProfile }: SecurityProfile): string =>
  type === 'Localhost' ? `Localhost:${localhostProfile}` : type;

function rootChoices({ security }: Pipeline): readonly NameChoice[] {
  if (security === undefined) return [];
  const { user, group, fsGroup, supplementalGroups } = security;
  const ids = [
    [['run_as_user'], user],
    [['run_as_group'], group],
    [['fs_group'], fsGroup],
    ...supplementalGroups.map((id, index) => [['supplemental_groups', index], id] as const),
  ] as const;
  return ids
    .filter(([, id]) => id === 0)
    .map(([field]) => ({
      rule: 'root',
      value: 'root',
      what: `${field[0]} 0 of security_context`,
      at: ['security_context', ...field],
    }));
}

const capabilityChoices = (step: PipelineStep): readonly NameChoice[] =>
  (step.security?.addCapabilities ?? []).map((written, index) => ({
    rule: 'capabilities',
    value: capabilityName(written),
    what: `in ${stepName(step)}, the capability ${shown(written)}`,
    at: ofStep(step, 'capabilities', 'add', index),
  }));

/** What widens the rights of containers, by `security_context` of pipeline and steps; what narrows them is not among it. Pure. */
export function securityChoices(pipeline: Pipeline): readonly NameChoice[] {
  const profiles = allProfiles(pipeline).filter(isChosen);
  return [
    ...rootChoices(pipeline),
    ...[...pipeline.services, ...pipeline.steps].flatMap(capabilityChoices),
    ...profiles.map(
      ({ profile, what, at }): NameChoice => ({
        rule: 'securityProfiles',
        value: valueOf(profile),
        what,
        at,
      }),
    ),
  ];
}

/** What no rule can allow, where the operator hardens all Pods. Pure. */
export function unhardened(pipeline: Pipeline): readonly ForbiddenChoice[] {
  const steps = [...pipeline.services, ...pipeline.steps];
  const unconfined = allProfiles(pipeline).filter(({ profile }) => profile.type === 'Unconfined');
  return [
    ...unconfined.map(({ what, at }) => ({
      what,
      at,
      why: 'HANGAR_HARDENING=restricted sets the security profile',
    })),
    ...steps
      .filter(({ security }) => security?.escalation === true)
      .map((step) => ({
        what: `allow_privilege_escalation of ${stepName(step)}`,
        why: 'HANGAR_HARDENING=restricted forbids it',
        at: ofStep(step, 'allow_privilege_escalation'),
      })),
  ];
}
