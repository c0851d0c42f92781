import type { CommandSpec } from './local/flags.ts';
import { METADATA_FLAGS } from './local/metadata-flags.ts';

/** What `lint` takes. */
export const LINT: CommandSpec = {
  name: 'lint',
  usage: 'lint [flags] FILE...',
  summary: 'says what keeps pipelines of type kubernetes from running; needs no cluster',
  examples: [
    'hangar-runner lint .drone.yml',
    'hangar-runner lint --trusted ci/*.yml      the repository may mount host volumes and run privileged',
    'hangar-runner lint --json .drone.yml       [{"file","line","column","severity","message"}]',
  ],
  flags: [
    { name: 'trusted', kind: 'flag', help: 'judge as for a trusted repository', group: 'Flags' },
    { name: 'json', kind: 'flag', help: 'print the findings as JSON', group: 'Flags' },
    ...METADATA_FLAGS,
  ],
  exits: `Prints FILE:LINE:COL: message for each problem, FILE:LINE:COL: warning: message for what is only odd.
Exit codes: 0 no problem; 1 problems; 2 a file that can't be read, or a wrong flag.`,
};
