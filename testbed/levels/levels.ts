/** One level of tests, and what the machine must have for it. */
export interface Level {
  readonly name: string;
  readonly what: string;
  readonly command: readonly string[];
  /** What must be made before (and is kept in a cache outside the clone): a script of package.json with its arguments. */
  readonly prepare?: readonly string[];
  /** What is missing here, in words with the cure; undefined when nothing is. */
  readonly missing: (machine: Machine) => string | undefined;
  /** What `npm run test:quick` runs of it: all, some files, or nothing. */
  readonly quick: 'all' | 'nothing' | readonly string[];
}

/** What is known of this machine. */
export interface Machine {
  readonly linux: boolean;
  readonly root: boolean;
  readonly go: boolean;
  readonly chromium: boolean;
  /** And its promtool. */
  readonly prometheus: boolean;
}

const needsGo = ({ go }: Machine): string | undefined =>
  go ? undefined : 'Go is not installed: install Go 1.26 (https://go.dev/dl) and put it in PATH';

const needsChromium = ({ chromium }: Machine): string | undefined =>
  chromium
    ? undefined
    : 'Chromium is not installed: run "sudo testbed/install-debian.sh chromium" once, or install chromium by other means';

const needsPrometheus = ({ prometheus }: Machine): string | undefined =>
  prometheus
    ? undefined
    : 'Prometheus is not installed: run "sudo testbed/install-debian.sh prometheus" once, or put prometheus and promtool in PATH';

function needsRealCluster(machine: Machine): string | undefined {
  if (!machine.linux) return 'the real cluster runs on Linux only: use a Linux machine or a virtual one';
  if (!machine.root)
    return 'the real cluster needs root: run "sudo testbed/install-debian.sh" once, then "sudo -E npm test"';
  return needsGo(machine);
}

const vitest = (...projects: readonly string[]): readonly string[] => ['vitest', ...projects];

/** All levels, from the quickest to the slowest. */
export const LEVELS: readonly Level[] = [
  {
    name: 'unit',
    what: 'rooms by tables and properties, edges on loopback',
    command: vitest('unit'),
    missing: () => undefined,
    quick: 'all',
  },
  {
    name: 'tools',
    what: 'the practice server, the embedded cluster, and what else the tests stand on',
    command: vitest('tools'),
    missing: () => undefined,
    quick: 'nothing',
  },
  {
    name: 'gate-go',
    what: "the gate's own Go tests",
    command: ['go', 'test', './...'],
    missing: needsGo,
    quick: 'all',
  },
  {
    name: 'gate',
    what: 'the gate as processes',
    command: vitest('gate'),
    missing: needsGo,
    quick: 'nothing',
  },
  {
    name: 'flows',
    what: 'whole pipelines on the embedded cluster',
    command: vitest('flows'),
    missing: () => undefined,
    quick: ['testbed/suites/flows/outcomes.test.ts'],
  },
  {
    name: 'boards',
    what: 'boards and alerts on a real Prometheus that reads the real programs',
    command: vitest('boards'),
    missing: needsPrometheus,
    quick: 'nothing',
  },
  {
    name: 'browser',
    what: "the autoscaler's page in a real Chromium",
    command: vitest('browser'),
    missing: needsChromium,
    quick: 'nothing',
  },
  {
    name: 'real',
    what: 'the same on a real kubelet',
    command: vitest('real'),
    prepare: ['testbed', '--', 'build', 'etcd', 'kubernetes', 'containerd', 'kwok', 'karpenter'],
    missing: needsRealCluster,
    quick: 'nothing',
  },
  {
    name: 'chart',
    what: 'the Helm chart, and both programs as Pods, on a real kubelet',
    command: vitest('chart'),
    prepare: [
      'testbed',
      '--',
      'build',
      'etcd',
      'kubernetes',
      'containerd',
      'kwok',
      'helm',
      'prometheus-operator',
    ],
    missing: needsRealCluster,
    quick: 'nothing',
  },
  {
    name: 'docs',
    what: 'commands and chart values as the documents have them, on a real kubelet',
    command: vitest('docs'),
    prepare: ['testbed', '--', 'build', 'etcd', 'kubernetes', 'containerd', 'kwok', 'helm'],
    missing: needsRealCluster,
    quick: 'nothing',
  },
  {
    name: 'large',
    what: 'two hundred steps in one Pod, on a real kubelet',
    command: vitest('large'),
    prepare: ['testbed', '--', 'build'],
    missing: needsRealCluster,
    quick: 'nothing',
  },
];

/** What came of one level. */
export interface LevelResult {
  readonly name: string;
  readonly passed: number;
  readonly failed: number;
  /** Tests that passed only at a second try. */
  readonly retried: readonly string[];
  readonly failures: readonly string[];
  /** Files with a failure, relative to the root; empty where that can't be told. */
  readonly failedFiles: readonly string[];
}

/**
 * A level after its failed files were run once more by themselves: what passes then counts, and is named. What fails twice has failed.
 * Two shared cores and a real kubelet miss a limit now and then; nobody should have to guess how often.
 */
export function afterSecondTry(first: LevelResult, second: LevelResult): LevelResult {
  if (second.failed > 0) return { ...first, failed: second.failed, failures: second.failures };
  return {
    ...first,
    passed: first.passed + first.failed,
    failed: 0,
    failures: [],
    failedFiles: [],
    retried: [...first.retried, ...first.failures],
  };
}

/** Sums up a run: the last line is the one that machines read. A level that ran no test has failed. */
export function summary(
  results: readonly LevelResult[],
  leftOut: readonly string[],
): { readonly lines: readonly string[]; readonly ok: boolean } {
  const passed = results.reduce((sum, one) => sum + one.passed, 0);
  const failed = results.reduce((sum, one) => sum + one.failed, 0);
  const lines = [
    ...results.map(
      (one) =>
        `${one.failed === 0 ? 'ok    ' : 'FAILED'} ${one.name}: ${one.passed} passed, ${one.failed} failed`,
    ),
    ...results.flatMap((one) => one.retried.map((name) => `passed at a second try: ${name}`)),
    ...results.flatMap((one) => one.failures.map((name) => `failed: ${name}`)),
    ...leftOut.map((why) => `left out: ${why}`),
    `${passed} passed, ${failed} failed`,
  ];
  return { lines, ok: failed === 0 && passed > 0 };
}
