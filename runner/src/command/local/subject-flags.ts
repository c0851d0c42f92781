import type { FlagSpec } from './flags.ts';

/** Flags that choose what of a file is run. */
export const SUBJECT_FLAGS: readonly FlagSpec[] = [
  { name: 'clone', kind: 'flag', help: 'with the clone step (--no-clone: without)', group: 'Flags' },
  { name: 'include', kind: 'list', value: 'STEP', help: 'only these steps, and clone', group: 'Flags' },
  { name: 'exclude', kind: 'list', value: 'STEP', help: 'without these steps', group: 'Flags' },
  {
    name: 'timeout',
    kind: 'text',
    value: 'SPAN',
    help: 'limit of the whole pipeline: 90s, 15m, 2h (60m)',
    group: 'Flags',
  },
];
