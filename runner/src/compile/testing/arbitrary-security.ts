import fc from 'fast-check';

const mostly = <T, U>(usual: fc.Arbitrary<T>, wrong: fc.Arbitrary<U>) =>
  fc.oneof({ weight: 40, arbitrary: usual }, { weight: 1, arbitrary: wrong });
const optional = <T extends object>(model: { [K in keyof T]: fc.Arbitrary<T[K]> }) =>
  fc.record(model, { requiredKeys: [] });

const id = mostly(fc.constantFrom(1, 1000, 2 ** 31 - 1), fc.constantFrom(0, -1, 2 ** 31));
const profile = mostly(
  fc.constantFrom<unknown>(
    { type: 'RuntimeDefault' },
    { type: 'Unconfined' },
    { type: 'Localhost', localhost_profile: 'profiles/audit.json' },
  ),
  fc.constantFrom<unknown>(
    {},
    { type: 'localhost' },
    { type: 'Localhost' },
    { type: 'Localhost', localhost_profile: '../x' },
    { type: 'Unconfined', localhost_profile: 'x' },
  ),
);
const profiles = { seccomp_profile: profile, app_armor_profile: profile };
const capabilities = (...names: string[]) =>
  fc.array(mostly(fc.constantFrom(...names), fc.constantFrom('', 'NET', '__proto__')), { maxLength: 2 });

/** `security_context` of a pipeline as authors may write it: most are valid. */
export const podSecurities = optional({
  run_as_user: id,
  run_as_group: id,
  run_as_non_root: fc.boolean(),
  fs_group: id,
  supplemental_groups: fc.array(id, { maxLength: 2 }),
  ...profiles,
});

/** The same of a step. */
export const stepSecurities = optional({
  run_as_non_root: fc.boolean(),
  read_only_root_filesystem: fc.boolean(),
  allow_privilege_escalation: fc.boolean(),
  capabilities: optional({
    add: capabilities('NET_ADMIN', 'cap_sys_time'),
    drop: capabilities('ALL', 'CAP_CHOWN', 'NET_ADMIN'),
  }),
  ...profiles,
});
