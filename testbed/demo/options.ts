import { flag, type Values } from '@hangar/shared/program/options';

/** The options of the demo. */
export const DEMO_OPTIONS = {
  keep: flag(
    "leave it running at the end, until Ctrl-C: the server's page, the autoscaler's page, the cluster",
  ),
  real: flag(
    'on the real cluster instead of the embedded one (Linux, root, Go; see npm run testbed -- --help)',
  ),
  slow: flag('send the pipelines one after another, so that you can follow each of them (about a minute)'),
  json: flag('print one JSON object with everything that happened, and nothing else'),
};

/** The parsed options of the demo. */
export type DemoOptions = Values<typeof DEMO_OPTIONS>;
