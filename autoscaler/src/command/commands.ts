import { command } from '@hangar/shared/program/command';
import type { Program } from '@hangar/shared/program/program';
import { RECOMMEND } from './recommend.ts';
import { REPLAY } from './replay.ts';

/** The module needs a Kubernetes client, so it is loaded only when the command runs. */
const SERVE = command({
  name: 'hangar-autoscaler serve',
  summary: 'recommends the number of nodes from the state of runners, Pods and nodes',
  examples: [
    'HANGAR_AUTOSCALER_RUNNERS=http://runner:3000 hangar-autoscaler serve',
    'HANGAR_AUTOSCALER_KUBERNETES=off HANGAR_AUTOSCALER_RUNNERS=http://127.0.0.1:3000 hangar-autoscaler serve',
  ],
  options: {},
  notes: `Settings are environment variables; docs/autoscaler-configuration.md lists them. HTTP at HANGAR_AUTOSCALER_LISTEN (:3001):
the web page at /, the API under /api/v1 (documented at /api), metrics at /metrics.
The command changes nothing in the cluster unless HANGAR_AUTOSCALER_ACT=on, see docs/operations.md.`,
  exits: {
    ok: 'stopped by a signal',
    usage: 'an argument or an option was given; the command takes none',
    bug: 'a bug, see the log',
    tryAgain: 'the listen address is taken',
    config: 'the configuration is invalid; all problems are listed',
    interrupted: 'a second signal',
  },
  run: async (_, context) => (await import('./serve.ts')).serve(context),
});

/** The command-line program. */
export const AUTOSCALER: Program = {
  name: 'hangar-autoscaler',
  summary: 'hangar-autoscaler recommends, and optionally sets, the number of nodes that CI builds need.',
  commands: [SERVE, RECOMMEND, REPLAY],
  notes: 'To get a first recommendation without a cluster:  hangar-autoscaler recommend --prs-per-day 500',
};
