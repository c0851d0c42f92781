import { command } from '@hangar/shared/program/command';
import type { Program } from '@hangar/shared/program/program';
import { RECOMMEND } from './recommend.ts';
import { REPLAY } from './replay.ts';

/** The module needs a Kubernetes client, so it is loaded only when the command runs. */
const SERVE = command({
  name: 'hangar-autoscaler serve',
  summary: 'watches runners, Pods and nodes, and recommends the number of nodes, now and for the lead time',
  examples: [
    'HANGAR_AUTOSCALER_RUNNERS=http://runner:3000 hangar-autoscaler serve',
    'HANGAR_AUTOSCALER_KUBERNETES=off HANGAR_AUTOSCALER_RUNNERS=http://127.0.0.1:3000 hangar-autoscaler serve',
  ],
  options: {},
  notes: `Settings are environment variables, all of them in docs/autoscaler-configuration.md. The page is at / of
HANGAR_AUTOSCALER_LISTEN (:3001), the same as data under /api/v1 (documented at /api), metrics at /metrics.
It changes nothing in the cluster unless HANGAR_AUTOSCALER_ACT=on: see docs/operations.md.`,
  exits: {
    ok: 'stopped by a signal',
    usage: 'an option, or anything else: it takes none',
    bug: 'a bug, see the log',
    tryAgain: 'the listen address is taken',
    config: 'the configuration is invalid; all problems are named',
    interrupted: 'a second signal',
  },
  run: async (_, context) => (await import('./serve.ts')).serve(context),
});

/** The command-line program. */
export const AUTOSCALER: Program = {
  name: 'hangar-autoscaler',
  summary: 'hangar-autoscaler: how many nodes do your builds need, now and next?',
  commands: [SERVE, RECOMMEND, REPLAY],
  notes: 'A first answer, without a cluster:  hangar-autoscaler recommend --prs-per-day 500',
};
