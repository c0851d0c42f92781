import {
  CHROMIUM,
  CLUSTER,
  DOCUMENT_COMMANDS,
  GATE_PROCESSES,
  GATE_SOURCES,
  type Need,
  PROMETHEUS,
  SHELLS,
  TOOLS,
} from '../machine/needs.ts';
import type { PartName } from '../parts/real/plan/parts.ts';

/** One level of tests, and what the machine must have for it. */
export interface Level {
  readonly name: string;
  readonly what: string;
  readonly command: readonly string[];
  readonly needs: readonly Need[];
  /** Of the test cluster; those that the cache (outside of the clone) lacks are built before the level runs. */
  readonly parts: readonly PartName[];
  /** What `npm run test:quick` runs of it: all, some files, or nothing. */
  readonly quick: 'all' | 'nothing' | readonly string[];
  /** It uses the processor and nothing else, so that it may run beside others (run-levels.ts). */
  readonly computes?: boolean;
}

const OF_THE_CLUSTER: readonly PartName[] = ['etcd', 'kubernetes', 'containerd', 'kwok'];

const vitest = (...projects: readonly string[]): readonly string[] => ['vitest', ...projects];

/** All levels, from the quickest to the slowest. */
export const LEVELS: readonly Level[] = [
  {
    name: 'unit',
    what: 'pure functions by tables and properties, edges on loopback',
    command: vitest('unit'),
    needs: [],
    parts: [],
    quick: 'all',
    computes: true,
  },
  {
    name: 'tools',
    what: 'the practice server, the embedded cluster and the other tools of the tests',
    command: vitest('tools'),
    needs: TOOLS,
    parts: [],
    quick: 'nothing',
    computes: true,
  },
  {
    name: 'gate-go',
    what: "the gate's own Go tests",
    command: ['go', 'test', './...'],
    needs: GATE_SOURCES,
    parts: [],
    quick: 'all',
  },
  {
    name: 'gate',
    what: 'the gate as processes',
    command: vitest('gate'),
    needs: GATE_PROCESSES,
    parts: [],
    quick: 'nothing',
  },
  {
    name: 'flows',
    what: 'whole pipelines on the embedded cluster',
    command: vitest('flows'),
    needs: [],
    parts: [],
    quick: ['testbed/suites/flows/outcomes.test.ts'],
  },
  {
    name: 'chaos',
    what: 'builds on real daemons while processes and servers fail, on the embedded cluster',
    command: vitest('chaos'),
    needs: [],
    parts: [],
    quick: 'nothing',
  },
  {
    name: 'shells',
    what: 'completion in real shells: bash, zsh and fish',
    command: vitest('shells'),
    needs: SHELLS,
    parts: [],
    quick: 'nothing',
  },
  {
    name: 'boards',
    what: 'boards and alerts on a real Prometheus that scrapes the real programs',
    command: vitest('boards'),
    needs: PROMETHEUS,
    parts: [],
    quick: 'nothing',
  },
  {
    name: 'browser',
    what: "the autoscaler's page in a real Chromium",
    command: vitest('browser'),
    needs: CHROMIUM,
    parts: [],
    quick: 'nothing',
  },
  {
    name: 'kubelet',
    what: 'whole pipelines on a real kubelet, two test files at the same time',
    command: vitest('kubelet'),
    needs: CLUSTER,
    parts: OF_THE_CLUSTER,
    quick: 'nothing',
  },
  {
    name: 'real',
    what: 'failures, placing, scaling and chaos on a real cluster',
    command: vitest('real'),
    needs: CLUSTER,
    parts: [...OF_THE_CLUSTER, 'karpenter'],
    quick: 'nothing',
  },
  {
    name: 'chart',
    what: 'the Helm chart, and both programs as Pods, on a real kubelet',
    command: vitest('chart'),
    needs: CLUSTER,
    parts: [...OF_THE_CLUSTER, 'helm', 'prometheus-operator', 'gateway-api', 'kyverno'],
    quick: 'nothing',
  },
  {
    name: 'docs',
    what: 'commands and chart values from the documents, on a real kubelet',
    command: vitest('docs'),
    needs: [...CLUSTER, ...DOCUMENT_COMMANDS, ...PROMETHEUS],
    parts: [...OF_THE_CLUSTER, 'helm'],
    quick: 'nothing',
  },
  {
    name: 'large',
    what: 'two hundred steps in one Pod, on a real kubelet',
    command: vitest('large'),
    needs: CLUSTER,
    parts: OF_THE_CLUSTER,
    quick: 'nothing',
  },
];
