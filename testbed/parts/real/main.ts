import { parseArgs } from 'node:util';
import { errorText } from '@hangar/shared/error-text';
import { buildMissing } from './build.ts';
import { down, refreshGate, up } from './cluster.ts';
import { clusterFacts, kubeconfigEnvironment, ownLayout } from './facts.ts';
import { partsNamed } from './plan/parts.ts';
import { statusLines } from './plan/status.ts';
import { MachineRefusal } from './requirements.ts';
import { allStatuses } from './services.ts';
import { readRecord } from './setup.ts';

const help = `The real cluster for tests: Kubernetes with a real kubelet, built from packages, on this machine alone.

  npm run testbed -- up              start it (builds what is missing; a healthy one is left alone)
  npm run testbed -- down            end it and remove all that it made, but not the cache
  npm run testbed -- status [--json] each process: health, pid, since when (exit 1 unless all are healthy)
  npm run -s testbed -- env          variables for a shell: eval "$(npm run -s testbed -- env)"; kubectl get nodes
  npm run testbed -- gate            build runner/gate again and put its image on the node
  npm run testbed -- build [part...] build into the cache: etcd kubernetes containerd kwok (default) helm karpenter
                                     prometheus-operator (its kinds alone)

Needs Linux, root, Go, and Debian's packages (testbed/install-debian.sh).
Cache: $HANGAR_CACHE or ~/.cache/hangar (700 MB with everything). The first build takes about ten minutes on two
cores, and Go's own caches grow by up to 9 GB.
State: $HANGAR_TESTBED_STATE or /var/lib/hangar-testbed; logs are in its folder log/.
`;

const say = (line: string): void => void process.stderr.write(`${line}\n`);
const print = (line: string): void => void process.stdout.write(`${line}\n`);
const layout = ownLayout();

async function printEnvironment(): Promise<void> {
  const variables = Object.entries(kubeconfigEnvironment(await clusterFacts(layout)));
  for (const [name, value] of variables) print(`export ${name}='${value}'`);
}

async function status(asJson: boolean): Promise<number> {
  const statuses = await allStatuses(layout);
  if (asJson) print(JSON.stringify(statuses, undefined, 2));
  else for (const line of statusLines(statuses)) print(line);
  return statuses.every(({ health }) => health === 'healthy') ? 0 : 1;
}

const actions: Readonly<Record<string, (names: readonly string[], asJson: boolean) => Promise<number>>> = {
  up: async () => {
    const outcome = await up(layout, say);
    if (outcome === 'was up') say('testbed: was up already');
    await printEnvironment();
    return 0;
  },
  down: async () => {
    await down(layout, say);
    say('testbed: down');
    return 0;
  },
  status: (_, asJson) => status(asJson),
  env: async () => {
    if ((await readRecord(layout)) === undefined) throw new Error('no cluster here: npm run testbed -- up');
    await printEnvironment();
    return 0;
  },
  gate: async () => {
    const name = await refreshGate(layout, say);
    if (name === undefined) throw new Error('runner/gate has no Go code yet');
    print(name);
    return 0;
  },
  build: async (names) => {
    await buildMissing(layout, partsNamed(names), say);
    return 0;
  },
};

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: { help: { type: 'boolean', short: 'h' }, json: { type: 'boolean' } },
  });
  const [name, ...rest] = positionals;
  if (values.help === true) {
    print(help);
    return 0;
  }
  const action = name === undefined ? undefined : actions[name];
  if (action === undefined) {
    say(name === undefined ? help : `testbed: unknown command ${name}\n\n${help}`);
    return 2;
  }
  return action(rest, values.json === true);
}

try {
  process.exitCode = await main();
} catch (error) {
  say(`testbed: ${errorText(error)}`);
  process.exitCode = error instanceof MachineRefusal ? 2 : 1;
}
