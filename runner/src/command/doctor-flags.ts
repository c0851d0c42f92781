import type { CommandSpec } from './local/flags.ts';

/** What `doctor` takes. */
export const DOCTOR: CommandSpec = {
  name: 'doctor',
  usage: 'doctor [flags]',
  summary:
    'says what becomes of the settings of an old runner, and whether server and cluster can be reached',
  examples: [
    'hangar-runner doctor                                    the environment that it runs in',
    'hangar-runner doctor --env-file old-runner.env          a file of NAME=value lines, and nothing else',
    'kubectl exec deploy/drone-runner -- env > old-runner.env; hangar-runner doctor --offline --env-file old-runner.env',
    'hangar-runner doctor --json | jq ".settings[] | select(.verdict != \\"kept\\")"',
  ],
  flags: [
    {
      name: 'env-file',
      kind: 'text',
      value: 'FILE',
      help: 'read the settings from this file instead of the environment',
      group: 'Flags',
    },
    { name: 'offline', kind: 'flag', help: 'ask neither the Drone server nor Kubernetes', group: 'Flags' },
    { name: 'json', kind: 'flag', help: 'print {"ok","settings","checks","warnings"}', group: 'Flags' },
  ],
  exits: `For each variable: kept (means what it meant), changed (how), ignored (why), unknown (did you mean ...?), wrong (the cure).
Then the Drone server is pinged with its secret, and the rights in the cluster are reviewed, each one that is missing with the
rule to add. Nothing is written anywhere, and no value is shown but those that are wrong and no secrets.
Exit codes: 0 the runner would start; 2 a file that can't be read, or a wrong flag; 78 something is wrong, all of it named.`,
};
