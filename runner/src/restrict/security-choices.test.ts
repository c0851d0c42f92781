import { describe, expect, it } from 'vitest';
import { stringify } from 'yaml';
import { aPipeline } from '../compile/testing/a-pipeline.ts';
import { closedRules } from '../compile/testing/restricted-settings.ts';
import { parseManifest } from '../parse/manifest.ts';
import { checkRestrictions } from './check.ts';
import type { Rules } from './restrictions.ts';
import { securityChoices, unhardened } from './security-choices.ts';

const read = (step: object, pod: object = {}) =>
  parseManifest(
    stringify({
      kind: 'pipeline',
      type: 'kubernetes',
      security_context: pod,
      steps: [{ name: 'a', image: 'b', security_context: step }],
    }),
  ).pipelines[0] ?? aPipeline();

const refusals = (step: object, pod: object, rules: Partial<Rules>): readonly string[] =>
  checkRestrictions(
    { names: securityChoices(read(step, pod)), amounts: [], forbidden: [] },
    closedRules(rules),
    'ordinary',
  ).refusals.map(({ message }) => message);

const adding = (...add: string[]) => ({ capabilities: { add } });
const local = (localhost_profile: string) => ({ type: 'Localhost', localhost_profile });
const UNCONFINED = { type: 'Unconfined' };

describe('the security context of a restricted build', () => {
  it('may be narrower, without any rule', () => {
    const step = {
      ...{ run_as_non_root: true, read_only_root_filesystem: true, allow_privilege_escalation: false },
      capabilities: { drop: ['ALL'] },
      seccomp_profile: { type: 'RuntimeDefault' },
      app_armor_profile: { type: 'RuntimeDefault' },
    };
    const pod = {
      run_as_user: 1,
      run_as_group: 1,
      fs_group: 1,
      supplemental_groups: [1],
      run_as_non_root: true,
    };

    expect(refusals(step, pod, {})).toEqual([]);
    expect(unhardened(read(step, pod))).toEqual([]);
  });

  it.each<[string, object, object, Partial<Rules>, string]>([
    [
      'a capability',
      adding('NET_ADMIN'),
      {},
      { capabilities: ['NET_*'] },
      'in step "a", the capability "NET_ADMIN": HANGAR_UNTRUSTED_CAPABILITIES',
    ],
    [
      'one in another spelling',
      adding('cap_net_admin'),
      {},
      { capabilities: ['NET_ADMIN'] },
      'the capability "cap_net_admin"',
    ],
    ['all of them', adding('ALL'), {}, { capabilities: ['ALL'] }, 'the capability "ALL"'],
    [
      'no seccomp',
      { seccomp_profile: UNCONFINED },
      {},
      { securityProfiles: ['Unconfined'] },
      'seccomp_profile "Unconfined" of step "a": HANGAR_UNTRUSTED_SECURITY_PROFILES',
    ],
    [
      'no AppArmor',
      {},
      { app_armor_profile: UNCONFINED },
      { securityProfiles: ['Unconfined'] },
      'app_armor_profile "Unconfined": HANGAR_UNTRUSTED_SECURITY_PROFILES',
    ],
    [
      'a profile of the node',
      { seccomp_profile: local('ci/x') },
      {},
      { securityProfiles: ['Localhost:ci/*'] },
      'seccomp_profile "Localhost" of step "a"',
    ],
    [
      'root',
      {},
      { run_as_user: 0 },
      { root: 'any' },
      'run_as_user 0 of security_context: HANGAR_UNTRUSTED_ROOT',
    ],
    ['the group of root', {}, { run_as_group: 0 }, { root: 'any' }, 'run_as_group 0'],
    ['volumes of the group of root', {}, { fs_group: 0 }, { root: 'any' }, 'fs_group 0'],
    ['root among the groups', {}, { supplemental_groups: [5, 0] }, { root: 'any' }, 'supplemental_groups 0'],
  ])('needs a rule for %s', (...[, step, pod, allowing, want]) => {
    expect(refusals(step, pod, allowing)).toEqual([]);
    expect(refusals(step, pod, {})).toEqual([expect.stringContaining(want)]);
  });

  it('is not allowed more by a rule for less', () => {
    expect(refusals(adding('SYS_ADMIN', 'NET_RAW'), {}, { capabilities: ['NET_*'] })).toHaveLength(1);
    expect(refusals({ seccomp_profile: UNCONFINED }, {}, { securityProfiles: ['Localhost:*'] })).toHaveLength(
      1,
    );
    expect(
      refusals({ seccomp_profile: local('Unconfined') }, {}, { securityProfiles: ['Unconfined'] }),
    ).toHaveLength(1);
  });

  it.each([
    ['no seccomp', { seccomp_profile: UNCONFINED }, {}, { seccomp_profile: local('x') }],
    ['no AppArmor', {}, { app_armor_profile: UNCONFINED }, { app_armor_profile: { type: 'RuntimeDefault' } }],
    ['escalation', { allow_privilege_escalation: true }, {}, { allow_privilege_escalation: false }],
  ])('cannot switch hardening off: %s', (_sentence, step, pod, nearMiss) => {
    expect(unhardened(read(step, pod))).toMatchObject([
      {
        what: expect.any(String) as string,
        why: expect.stringContaining('HANGAR_HARDENING=restricted') as string,
      },
    ]);
    expect(unhardened(read(nearMiss))).toEqual([]);
  });
});
