import type { Field, FieldKind } from './field-kinds.ts';

const field = (kind: FieldKind, help: string): Field => ({ kind, help });

const PROFILES = {
  seccomp_profile: field({ part: 'security profile' }, 'Seccomp profile.'),
  app_armor_profile: field({ part: 'security profile' }, 'AppArmor profile; needs Kubernetes 1.30.'),
};

/** Parts of a pipeline file about the rights of its containers, in the shape of Kubernetes. Unknown keys of these parts are errors. */
export const SECURITY_PARTS = {
  'security context': {
    run_as_user: field('whole', 'Number of the user of steps that set none, clone included.'),
    run_as_group: field('whole', 'Number of the group of steps that set none, clone included.'),
    run_as_non_root: field('switch', 'Containers do not start as root.'),
    fs_group: field('whole', 'Number of the group that owns the volumes.'),
    supplemental_groups: field('numbers', 'Numbers of further groups of every process.'),
    ...PROFILES,
  },
  'step security context': {
    run_as_non_root: field('switch', 'The container does not start as root.'),
    capabilities: field({ part: 'capabilities' }, 'Capabilities of the container.'),
    read_only_root_filesystem: field('switch', 'Only volumes are writable.'),
    allow_privilege_escalation: field(
      'switch',
      '`false`: no process gets more rights than its parent, by `sudo` for example.',
    ),
    ...PROFILES,
  },
  capabilities: {
    add: field('texts', 'Capabilities that are added, such as `NET_ADMIN`.'),
    drop: field('texts', 'Capabilities that are dropped; `ALL` for all of them.'),
  },
  'security profile': {
    type: field({ words: ['RuntimeDefault', 'Localhost', 'Unconfined'] }, 'Which profile.'),
    localhost_profile: field('text', 'Name of a profile of the node; only with `Localhost`.'),
  },
} as const satisfies Readonly<Record<string, Readonly<Record<string, Field>>>>;
