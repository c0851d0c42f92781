import type { CommandSpec } from './local/flags.ts';
import { METADATA_FLAGS } from './local/metadata-flags.ts';
import { SETTINGS_FLAGS } from './local/settings-flags.ts';
import { SUBJECT_FLAGS } from './local/subject-flags.ts';

/** What `compile` takes. */
export const COMPILE: CommandSpec = {
  name: 'compile',
  usage: 'compile [flags] FILE',
  summary: 'prints the Pod and the Secrets of a pipeline as YAML; needs no cluster',
  examples: [
    'hangar-runner compile .drone.yml',
    'hangar-runner compile --stage-name arm64 .drone.yml',
    'hangar-runner compile --build-event tag --commit-ref refs/tags/v1.2.3 .drone.yml',
    'hangar-runner compile --look-up --secret-file secrets.env --show-secrets .drone.yml',
  ],
  flags: [
    { name: 'source', kind: 'text', value: 'FILE', help: 'the file, in the old spelling', group: 'Flags' },
    ...SUBJECT_FLAGS,
    {
      name: 'show-secrets',
      kind: 'flag',
      help: 'print secret values; kubectl takes the text only so',
      group: 'Flags',
    },
    {
      name: 'look-up',
      kind: 'flag',
      help: 'ask registries for the commands of plugin images, as the daemon does',
      group: 'Flags',
    },
    { name: 'json', kind: 'flag', help: 'print a List as JSON', group: 'Flags' },
    { name: 'spec', kind: 'flag', help: 'accepted: YAML is what is printed anyway', group: 'Flags' },
    ...SETTINGS_FLAGS,
    ...METADATA_FLAGS,
  ],
  exits: `Without FILE, .drone.yml is taken. Secret values are shown as ****** unless --show-secrets. Without --look-up, steps that
run the command of their image (plugins) are compiled as swapped ones; a comment says so.
Exit codes: 0 printed; 2 a file that can't be read, or a wrong flag; 78 the pipeline can't be run as it stands.`,
};
