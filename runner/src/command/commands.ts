import type { Command } from './command.ts';
import { COMPILE } from './compile-flags.ts';
import { DOCTOR } from './doctor-flags.ts';
import { EXEC } from './exec-flags.ts';
import { LINT } from './lint-flags.ts';
import { teaching } from './local/flags.ts';

/** All sub-commands, in the order of the help. Their code is loaded when they are called. */
export const COMMANDS: readonly Command[] = [
  {
    name: 'daemon',
    usage: 'daemon [envfile]',
    summary: 'takes pipelines from the Drone server and runs each in a Pod (the default)',
    help: `Runs until SIGTERM or SIGINT. Then it hands over within seconds: pipelines go on in their Pods, and the next
runner that starts, or another replica, takes them over. A second signal ends it at once.

Settings are environment variables (docs/configuration.md); a file .env in the working directory and [envfile] fill in
what is not set. Required: DRONE_RPC_HOST, DRONE_RPC_SECRET. To try it outside of a cluster:

  DRONE_RPC_HOST=drone.acme.test DRONE_RPC_SECRET=... DRONE_KUBERNETES_CONFIG=~/.kube/config \\
    HANGAR_LEASE_NAMESPACE=default hangar-runner daemon

HTTP, at DRONE_SERVER_PORT (:3000): /healthz /livez /readyz /metrics /stages /demand, and with DRONE_UI_PASSWORD a page at /.

Exit codes: 0 stopped as told; 70 a bug, see the log; 75 something it needs is gone (Lease, listen address): start it again;
78 settings or rights are wrong, all of them named, or another runner of this name lives; 130 second signal.`,
    run: async (args, surroundings) => (await import('./daemon.ts')).daemon(args, surroundings),
  },
  {
    ...LINT,
    help: teaching(LINT),
    run: async (args, surroundings) => (await import('./lint.ts')).lint(args, surroundings),
  },
  {
    ...COMPILE,
    help: teaching(COMPILE),
    run: async (args, surroundings) => (await import('./compile.ts')).compile(args, surroundings),
  },
  {
    ...DOCTOR,
    help: teaching(DOCTOR),
    run: async (args, surroundings) => (await import('./doctor.ts')).doctor(args, surroundings),
  },
  {
    ...EXEC,
    help: teaching(EXEC),
    run: async (args, surroundings) => {
      const { processTerminal } = await import('./exec/terminal.ts');
      return (await import('./exec.ts')).exec(args, { ...surroundings, ...processTerminal() });
    },
  },
];
