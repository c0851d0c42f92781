import type { CommandSpec, FlagSpec } from './local/flags.ts';
import { METADATA_FLAGS } from './local/metadata-flags.ts';
import { SETTINGS_FLAGS } from './local/settings-flags.ts';
import { SUBJECT_FLAGS } from './local/subject-flags.ts';

const OLD = 'For old scripts';

/** What the old program had besides: scripts go on working. */
const OLD_FLAGS: readonly FlagSpec[] = [
  { name: 'pretty', kind: 'flag', help: 'the same as --color', group: OLD },
  { name: 'dump', kind: 'flag', help: 'the same as --json', group: OLD },
  { name: 'trace', kind: 'flag', help: 'the same as --debug', group: OLD },
  {
    name: 'engine-container-start-timeout',
    kind: 'number',
    value: 'N',
    help: 'seconds that a container may take to start (480)',
    group: OLD,
  },
  { name: 'kube-client-qps', kind: 'number', value: 'N', help: 'changes nothing', group: OLD },
  { name: 'kube-client-burst', kind: 'number', value: 'N', help: 'changes nothing', group: OLD },
];

/** What `exec` takes. */
export const EXEC: CommandSpec = {
  name: 'exec',
  usage: 'exec [flags] FILE',
  summary: 'runs a pipeline on the cluster of the current kube context, without a Drone server',
  examples: [
    'hangar-runner exec .drone.yml',
    'hangar-runner exec --namespace ci --secret-file secrets.env .drone.yml',
    'hangar-runner exec --include test --include lint .drone.yml',
    'hangar-runner exec --repo-http https://git.acme.test/widget.git --commit-target main .drone.yml',
    'hangar-runner exec --kubeconfig kind.yml --timeout 10m --json .drone.yml > result.json',
  ],
  flags: [
    {
      name: 'kubeconfig',
      kind: 'text',
      value: 'FILE',
      help: "the cluster: this file's current context (as kubectl: KUBECONFIG, ~/.kube/config)",
      group: 'Flags',
    },
    ...SUBJECT_FLAGS,
    {
      name: 'json',
      kind: 'flag',
      help: 'print the result as JSON; logs go to standard error',
      group: 'Flags',
    },
    {
      name: 'color',
      kind: 'flag',
      help: 'with colours (--no-color: without; on a terminal, unless NO_COLOR is set)',
      group: 'Flags',
    },
    { name: 'debug', kind: 'flag', help: 'tell what the runner itself does', group: 'Flags' },
    ...SETTINGS_FLAGS,
    ...METADATA_FLAGS,
    ...OLD_FLAGS,
  ],
  exits: `Without FILE, .drone.yml is taken. Nothing of the working directory is sent: the pipeline clones if --repo-http tells from
where. Ctrl-C cancels and deletes the Pod; once more leaves at once. Should the program itself be killed, the pipeline ends by its
time limit, but its Pod stays until "kubectl delete pod" (the command is told at the start); its Secrets go with it.
Exit codes: 0 success; 1 the pipeline failed; 2 a file that can't be read, or a wrong flag; 78 the pipeline can't be run as it
stands; 130 cancelled by Ctrl-C.`,
};
