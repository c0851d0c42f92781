import { errorText } from '@hangar/shared/error-text';
import { command } from '@hangar/shared/program/command';
import { CommandError } from '@hangar/shared/program/command-error';
import type { CommandContext } from '@hangar/shared/program/context';
import { EXIT, type ExitCode } from '@hangar/shared/program/exit-codes';
import { flag, type Options } from '@hangar/shared/program/options';
import { runProcess } from '@hangar/shared/program/process';
import { runProgram } from '@hangar/shared/program/program';
import { openSite, SITE_SECRET } from '../site/open-site.ts';
import { startSitePrometheus } from '../site/site-prometheus.ts';
import { buildMissing } from './build.ts';
import { down, refreshGate, up } from './cluster.ts';
import { clusterFacts, kubeconfigEnvironment, ownLayout, programFolders } from './facts.ts';
import { partsNamed } from './plan/parts.ts';
import { statusLines } from './plan/status.ts';
import { MachineRefusal } from './requirements.ts';
import { allStatuses } from './services.ts';
import { readRecord } from './setup.ts';

const NAME = 'npm run testbed --';
const layout = ownLayout();

async function printEnvironment({ print }: CommandContext): Promise<void> {
  const variables = Object.entries(kubeconfigEnvironment(await clusterFacts(layout)));
  for (const [name, value] of variables) print(`export ${name}='${value}'`);
  print(`export PATH='${programFolders(layout).join(':')}':"$PATH"`);
}

/** A verb without options; an error ends it with its text. */
const verb = (
  name: string,
  summary: string,
  run: (context: CommandContext, words: readonly string[]) => Promise<unknown>,
  words?: string,
) =>
  command({
    ...{ name: `${NAME} ${name}`, summary, examples: [`${NAME} ${name}`], options: {} satisfies Options },
    ...(words === undefined ? {} : { words }),
    exits: {
      ok: 'done',
      failed: 'the command failed',
      config: 'this machine does not meet the requirements',
    },
    run: ({ words: given }, context) => reported(() => run(context, given)),
  });

async function reported(work: () => Promise<unknown>): Promise<ExitCode> {
  try {
    await work();
    return EXIT.ok;
  } catch (error) {
    throw new CommandError(error instanceof MachineRefusal ? EXIT.config : EXIT.failed, errorText(error));
  }
}

const STATUS = command({
  name: `${NAME} status`,
  summary: 'each process: health, pid, start time',
  examples: [`${NAME} status`, `${NAME} status --json`],
  options: { json: flag('JSON instead of a table') },
  exits: { ok: 'all are healthy', failed: 'not all are healthy' },
  run: async ({ options }, { print }) => {
    const statuses = await allStatuses(layout);
    print(options.json ? JSON.stringify(statuses, undefined, 2) : statusLines(statuses).join('\n'));
    return statuses.every(({ health }) => health === 'healthy') ? EXIT.ok : EXIT.failed;
  },
});

/** Resolves when the command is to stop. */
const aborted = (stop: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (stop.aborted) resolve();
    stop.addEventListener('abort', () => resolve(), { once: true });
  });

async function demandCluster(): Promise<void> {
  if ((await readRecord(layout)) === undefined) throw new Error('no cluster here: npm run testbed -- up');
}

const CHART = command({
  name: `${NAME} chart`,
  words: 'FILE',
  summary: 'starts what a release of the chart needs, and writes its values to FILE; until Ctrl-C',
  examples: [`${NAME} chart testbed.yaml`],
  options: {},
  notes: `Puts the images of the runner and the autoscaler on the node, starts a practice Drone server on 127.0.0.1:8090, and makes it
reachable for Pods. Helm comes from "${NAME} build helm". See docs/getting-started.md.`,
  exits: {
    ok: 'stopped',
    failed: 'the command failed, for example because the cluster is not up or the port is in use',
  },
  run: ({ words: [file = ''] }, { print, complain, stopSignal }) =>
    reported(async () => {
      const stop = stopSignal();
      await demandCluster();
      const site = await openSite(layout, file, complain);
      print(`Practice Drone server: ${site.drone.url}, RPC secret: ${SITE_SECRET}`);
      print(`Ready for: helm install hangar charts/hangar -f ${file}`);
      await aborted(stop);
      await site.close();
    }),
});

const PROMETHEUS = command({
  name: `${NAME} prometheus`,
  summary: 'runs a Prometheus for the release "hangar" in the namespace "ci"; until Ctrl-C',
  examples: [`${NAME} prometheus`],
  options: {},
  notes: `It listens on 127.0.0.1:9090, scrapes both programs, and evaluates the alerts of the chart. Needs "testbed/install-debian.sh
prometheus". "npm run board -- --help" draws the dashboards from its data.`,
  exits: {
    ok: 'stopped',
    failed: 'the command failed, for example because Prometheus is not installed or the port is in use',
  },
  run: (_, { print, stopSignal }) =>
    reported(async () => {
      const stop = stopSignal();
      await demandCluster();
      const prometheus = await startSitePrometheus(layout);
      print(`Prometheus: ${prometheus.url}`);
      await aborted(stop);
      await prometheus.close();
    }),
});

const COMMANDS = [
  verb('up', 'starts the cluster, builds what is missing; a healthy one is left alone', async (context) => {
    if ((await up(layout, context.complain)) === 'was up')
      context.complain('testbed: the cluster is already up');
    await printEnvironment(context);
  }),
  verb(
    'down',
    'stops the cluster and removes everything that it created, except the cache',
    async ({ complain }) => {
      await down(layout, complain);
      complain('testbed: down');
    },
  ),
  STATUS,
  verb('env', 'prints variables for a shell: eval "$(npm run -s testbed -- env)"', async (context) => {
    await demandCluster();
    await printEnvironment(context);
  }),
  verb('gate', 'builds runner/gate again and puts its image on the node', async ({ print, complain }) => {
    const name = await refreshGate(layout, complain);
    if (name === undefined) throw new Error('runner/gate has no Go code yet');
    print(name);
  }),
  CHART,
  PROMETHEUS,
  verb(
    'build',
    'builds into the cache: etcd kubernetes containerd kwok (default) helm karpenter prometheus-operator gateway-api kyverno',
    ({ complain }, names) => buildMissing(layout, partsNamed(names), complain),
    '[PART...]',
  ),
];

const NOTES = `Needs Linux, root, Go, and Debian's packages (testbed/install-debian.sh).
Cache: $HANGAR_TESTBED_CACHE or ~/.cache/hangar (700 MB with everything). The first build takes about ten minutes on two
cores, and Go's own caches grow by up to 9 GB.
State: $HANGAR_TESTBED_STATE or /var/lib/hangar-testbed; logs are in its folder log/.`;

await runProcess(new URL('../../package.json', import.meta.url), (context, args) =>
  runProgram(
    {
      name: NAME,
      summary:
        'The real cluster for tests: Kubernetes with a real kubelet, built from packages, on this machine alone.',
      commands: COMMANDS,
      notes: NOTES,
    },
    args,
    context,
  ),
);
