import { command, runCommand } from '@hangar/shared/program/command';
import { EXIT } from '@hangar/shared/program/exit-codes';
import { runProcess } from '@hangar/shared/program/process';
import { CHAOS_OPTIONS } from './options.ts';

const CHAOS = command({
  name: 'npm run chaos --',
  summary:
    'runs builds on several replicas of the runner while everything around them fails, and checks that no build is lost',
  examples: [
    'npm run chaos',
    'npm run chaos -- --minutes 60 --seed 7',
    'npm run chaos -- --real --minutes 2',
    "npm run chaos -- --only 'kill -9' --only SIGTERM --builds 40",
  ],
  options: CHAOS_OPTIONS,
  notes: `The same seed has the same builds and faults at the same times; how far each build is by then depends on the machine.
The embedded cluster and the practice Drone server are started in this process, the replicas are processes of their own.
With --real builds run on the real kubelet, in a namespace that is deleted at the end.
After a violation the logs of the replicas stay; their folder is printed.`,
  exits: { ok: 'no invariant was violated', failed: 'an invariant was violated', interrupted: 'interrupted' },
  run: async ({ options }, context) => {
    const stop = context.stopSignal();
    // Loaded late, so that `--help` is fast.
    const { chaos } = await import('./chaos.ts');
    try {
      return await chaos(options, context);
    } catch (error) {
      if (stop.aborted) return EXIT.interrupted;
      throw error;
    }
  },
});

await runProcess(new URL('../package.json', import.meta.url), (context, args) =>
  runCommand(CHAOS, args, context),
);
