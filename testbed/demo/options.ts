import { parseArgs } from 'node:util';
import { errorText } from '@hangar/shared/error-text';

/** What a person asked of the demo. */
export interface DemoOptions {
  /** The real cluster in place of the embedded one. */
  readonly real: boolean;
  /** Leave everything running at the end, until Ctrl-C. */
  readonly keep: boolean;
  /** One JSON object on standard output, and nothing else there. */
  readonly json: boolean;
}

/** What the command line says; `wrong` carries the reason. */
export type Asked =
  | { readonly kind: 'run'; readonly options: DemoOptions }
  | { readonly kind: 'help' }
  | { readonly kind: 'wrong'; readonly text: string };

/** What `--help` prints. */
export const HELP = `npm run demo                 real pipelines on a Kubernetes, a Drone server, a runner and the autoscaler, in one process
npm run demo -- --keep       the same, and leaves it running: the server's page, the autoscaler's page, the cluster
npm run demo -- --real       on the real cluster (Linux, root, Go; see npm run testbed -- --help)
npm run demo -- --json       one JSON object with everything that happened

The embedded cluster runs containers as processes of this machine: no Docker, no root, no network.
The pipelines are in testbed/demo/pipelines; they are short, and each shows one thing.

Exit code: 0 everything happened as expected, 1 something else did, 2 wrongly called, 130 interrupted.
`;

/** Reads the arguments after the program's name; never throws. */
export function readArguments(args: readonly string[]): Asked {
  try {
    const { values } = parseArgs({
      args: [...args],
      options: {
        help: { type: 'boolean', short: 'h' },
        real: { type: 'boolean', default: false },
        keep: { type: 'boolean', default: false },
        json: { type: 'boolean', default: false },
      },
    });
    if (values.help === true) return { kind: 'help' };
    return { kind: 'run', options: { real: values.real, keep: values.keep, json: values.json } };
  } catch (error) {
    return { kind: 'wrong', text: errorText(error) };
  }
}
