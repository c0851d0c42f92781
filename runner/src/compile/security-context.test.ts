import { describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { parseManifest } from '../parse/manifest.ts';
import { PipelineError } from '../pipeline/pipeline-error.ts';
import { compile } from './compile.ts';
import type { CompileSettings } from './settings.ts';
import { aCompileInput, aPipeline, someSettings } from './testing/a-pipeline.ts';

/** Of a step, of the pipeline, and of the runner. */
interface Case {
  readonly step?: object;
  readonly fields?: object;
  readonly pod?: unknown;
  readonly settings?: Partial<CompileSettings>;
}

function podOf(context: unknown, { step = {}, fields = {}, pod, settings = {} }: Case) {
  const steps = [{ name: 'a', image: 'b', commands: ['c'], security_context: context, ...step }];
  const text = stringify({ kind: 'pipeline', type: 'kubernetes', security_context: pod, steps, ...fields });
  const pipeline = parseManifest(text).pipelines[0] ?? aPipeline();
  return compile(aCompileInput({ pipeline, settings: someSettings(settings) })).pod;
}

/** Contexts of the clone step and of the step. */
const contexts = (context: unknown, how: Case = {}) =>
  podOf(context, how).spec?.containers.map(({ securityContext }) => securityContext) ?? [];

function refusal(context: unknown, how: Case = {}): string {
  try {
    return JSON.stringify(podOf(context, how));
  } catch (error) {
    if (!(error instanceof PipelineError)) throw error;
    return error.message;
  }
}

const plain = { privileged: false };
const restricted = { settings: { hardening: 'restricted' as const } };
const HARDENED = { ...plain, allowPrivilegeEscalation: false, seccompProfile: { type: 'RuntimeDefault' } };
const named = (name: string) => ({ type: 'Localhost', localhost_profile: name });

describe('the security context of a step', () => {
  it.each<[string, object | null | undefined, object]>([
    ['is that of the runner where it sets nothing', undefined, {}],
    ['is that of the runner where it is empty', {}, {}],
    [
      'has only what differs from the default',
      { run_as_non_root: false, read_only_root_filesystem: false, allow_privilege_escalation: true },
      {},
    ],
    ['does not start as root', { run_as_non_root: true }, { runAsNonRoot: true }],
    ['has a read-only root', { read_only_root_filesystem: true }, { readOnlyRootFilesystem: true }],
    ['has no escalation', { allow_privilege_escalation: false }, { allowPrivilegeEscalation: false }],
    ['drops all', { capabilities: { drop: ['all'] } }, { capabilities: { drop: ['ALL'] } }],
    [
      'adds some, with or without the prefix, each once',
      { capabilities: { add: ['CAP_NET_ADMIN', 'net_admin', 'SYS_TIME'], drop: ['ALL'] } },
      { capabilities: { add: ['NET_ADMIN', 'SYS_TIME'], drop: ['ALL'] } },
    ],
    [
      'has a profile',
      { seccomp_profile: named('a/b.json') },
      { seccompProfile: { type: 'Localhost', localhostProfile: 'a/b.json' } },
    ],
    [
      'has profiles',
      { seccomp_profile: { type: 'Unconfined' }, app_armor_profile: { type: 'RuntimeDefault' } },
      { seccompProfile: { type: 'Unconfined' }, appArmorProfile: { type: 'RuntimeDefault' } },
    ],
  ])('%s', (_sentence, context, want) => {
    expect(contexts(context)).toEqual([plain, { ...plain, ...want }]);
  });

  it('adds to the hardening of the operator, and takes nothing from it', () => {
    const narrow = { read_only_root_filesystem: true, capabilities: { drop: ['CHOWN'], add: ['NET_RAW'] } };
    const wide = { run_as_non_root: false };
    const ofUser = { ...HARDENED, runAsNonRoot: true, runAsUser: 7 };

    expect(contexts(narrow, restricted)[1]).toEqual({
      ...HARDENED,
      readOnlyRootFilesystem: true,
      capabilities: { add: ['NET_RAW'], drop: ['CHOWN'] },
    });
    expect(contexts({ ...narrow, ...wide }, { ...restricted, step: { user: 7 } })[1]).toEqual({
      ...ofUser,
      readOnlyRootFilesystem: true,
      capabilities: { add: ['NET_RAW'], drop: ['ALL', 'CHOWN'] },
    });
    expect(contexts({ seccomp_profile: named('x') }, restricted)[1]).toEqual({
      ...HARDENED,
      seccompProfile: { type: 'Localhost', localhostProfile: 'x' },
    });
  });

  it('narrows a privileged step, but can not take escalation from it', () => {
    const step = { privileged: true };

    expect(contexts({ capabilities: { drop: ['SYS_BOOT'] } }, { ...restricted, step })[1]).toEqual({
      privileged: true,
      capabilities: { drop: ['SYS_BOOT'] },
    });
    expect(refusal({ allow_privilege_escalation: false }, { step })).toContain(
      'allow_privilege_escalation must not be false: step "a" runs privileged',
    );
  });

  it.each<[string, unknown, Case, string]>([
    [
      'non-root of user 0',
      { run_as_non_root: true },
      { step: { user: 0 } },
      'steps[0].security_context.run_as_non_root contradicts user 0 of step "a"',
    ],
    [
      'an unknown capability',
      { capabilities: { add: ['NET'] } },
      {},
      'steps[0].security_context.capabilities.add[0] is not a capability of Linux',
    ],
    [
      'an unknown dropped capability',
      { capabilities: { drop: ['ALL', '__proto__'] } },
      {},
      'capabilities.drop[1] is not a capability',
    ],
    [
      'one that is added and dropped',
      { capabilities: { add: ['CAP_CHOWN'], drop: ['chown'] } },
      {},
      'add[0] is dropped too',
    ],
    [
      '10,000 capabilities',
      { capabilities: { drop: Array.from({ length: 10_000 }, () => 'ALL') } },
      {},
      'has 10000 items',
    ],
    [
      'an unknown profile',
      { seccomp_profile: { type: 'unconfined' } },
      {},
      'seccomp_profile.type must be one of RuntimeDefault',
    ],
    ['a profile without a type', { app_armor_profile: {} }, {}, 'app_armor_profile.type must be one of'],
    [
      'a local profile without a name',
      { seccomp_profile: { type: 'Localhost' } },
      {},
      'localhost_profile must be the name',
    ],
    [
      'a local profile by a full path',
      { seccomp_profile: named('/etc/x') },
      {},
      'localhost_profile must be the name',
    ],
    [
      'a local profile with ..',
      { seccomp_profile: named('a/../b') },
      {},
      'localhost_profile must be the name',
    ],
    [
      'a name with another type',
      { seccomp_profile: { type: 'RuntimeDefault', localhost_profile: 'x' } },
      {},
      'localhost_profile needs type: Localhost',
    ],
    [
      'an unknown key',
      { runAsNonRoot: true },
      {},
      'unknown key `runAsNonRoot` of step security context; did you mean `run_as_non_root`?',
    ],
    ['what is no switch', { run_as_non_root: 'maybe' }, {}, 'cannot unmarshal !!str `maybe` into bool'],
    ['a list', [], {}, 'cannot unmarshal !!seq into step security context'],
    [
      'an annotation for AppArmor',
      { app_armor_profile: { type: 'RuntimeDefault' } },
      {
        fields: {
          metadata: {
            annotations: { 'container.apparmor.security.beta.kubernetes.io/step-2': 'unconfined' },
          },
        },
      },
      'must not be combined with the annotation',
    ],
  ])('is refused with %s', (_sentence, context, how, want) => {
    expect(refusal(context, how)).toContain(want);
  });
});

describe('the security context of a pipeline', () => {
  it('is that of all steps that set nothing, clone included', () => {
    const pod = {
      run_as_user: 1000,
      run_as_group: 1001,
      run_as_non_root: true,
      seccomp_profile: { type: 'RuntimeDefault' },
    };
    const all = {
      ...plain,
      runAsUser: 1000,
      runAsGroup: 1001,
      runAsNonRoot: true,
      seccompProfile: { type: 'RuntimeDefault' },
    };

    expect(contexts(undefined, { pod })).toEqual([all, all]);
    expect(
      contexts(
        { run_as_non_root: false, seccomp_profile: { type: 'Unconfined' } },
        { pod, step: { user: 5 } },
      ),
    ).toEqual([all, { ...plain, runAsUser: 5, runAsGroup: 1001, seccompProfile: { type: 'Unconfined' } }]);
  });

  it('is refused once, not for each step that has it', () => {
    expect(refusal(undefined, { pod: { run_as_user: -1 } })).toBe(
      'security_context.run_as_user -1 must be a number from 0 to 2147483647',
    );
  });

  it('comes before the user of the operator, and after that of the step', () => {
    const how = { pod: { run_as_user: 2 }, settings: { runAsUser: 3 } };
    const users = (one: Case) => contexts(undefined, one).map((context) => context?.runAsUser);

    expect(users(how)).toEqual([2, 2]);
    expect(users({ ...how, step: { user: 1 } })).toEqual([2, 1]);
    expect(users({ ...how, pod: {} })).toEqual([3, 3]);
  });

  it('gives volumes and processes their groups', () => {
    expect(
      podOf(undefined, { pod: { fs_group: 5, supplemental_groups: [6, 7] } }).spec?.securityContext,
    ).toEqual({
      fsGroup: 5,
      supplementalGroups: [6, 7],
    });
    expect(podOf(undefined, { pod: {} }).spec?.securityContext).toBeUndefined();
  });

  it.each<[string, unknown, Case, string]>([
    ['a negative user', { run_as_user: -1 }, {}, 'security_context.run_as_user -1 must be a number from 0'],
    [
      'a group beyond the limit',
      { run_as_group: 2 ** 31 },
      {},
      'security_context.run_as_group 2147483648 must be',
    ],
    ['a negative owner of volumes', { fs_group: -1 }, {}, 'security_context.fs_group -1 must be'],
    [
      'a negative further group',
      { supplemental_groups: [1, -1] },
      {},
      'security_context.supplemental_groups[1] -1 must be',
    ],
    [
      '21 further groups',
      { supplemental_groups: Array.from({ length: 21 }, () => 1) },
      {},
      'has 21 items; at most 20',
    ],
    [
      '10,000 further groups',
      { supplemental_groups: Array.from({ length: 10_000 }, () => 1) },
      {},
      'more than 2000 items',
    ],
    ['a group by name', { supplemental_groups: ['docker'] }, {}, 'cannot unmarshal !!str `docker` into int'],
    [
      'non-root of a step as root',
      { run_as_non_root: true },
      { step: { user: 0 } },
      'security_context.run_as_non_root contradicts user 0 of step "a"',
    ],
    ['non-root of root', { run_as_non_root: true, run_as_user: 0 }, {}, 'contradicts user 0 of step "clone"'],
    [
      'what only steps have',
      { capabilities: { drop: ['ALL'] } },
      {},
      'unknown key `capabilities` of security context',
    ],
    [
      'an unknown profile',
      { app_armor_profile: { type: 'x' } },
      {},
      'security_context.app_armor_profile.type must be one of',
    ],
  ])('is refused with %s', (_sentence, pod, how, want) => {
    expect(refusal(undefined, { ...how, pod })).toContain(want);
  });
});
