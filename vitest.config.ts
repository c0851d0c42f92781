import { defineConfig } from 'vitest/config';
import { RetriesReporter } from './testbed/levels/retries-reporter.ts';

/**
 * Levels of tests. unit: pure rooms and edges on loopback. tools: the testbed itself. gate: the Go program as processes.
 * flows: whole pipelines on the embedded cluster. shells: completion in real shells. chaos: the same while everything fails. boards: boards and alerts on a real
 * Prometheus. browser: the page in a real Chromium. kubelet: whole pipelines on a real kubelet. real: what needs the real cluster for itself. docs: commands of the documents there.
 */
const level = (name: string, include: string[], test: object) => ({
  extends: true as const,
  test: { name, include, ...test },
});

/** Where `npm test` wants the report of a level (testbed/levels/main.ts). */
const report = process.env['HANGAR_LEVEL_REPORT'];
/** No module of ours holds state, so test files may share what a worker has loaded: half the time. */
const withoutState = { isolate: false };
/** A second try is named in the summary of `npm test`, and a whole run may have two (testbed/levels/summary.ts). */
const onceMore = { retry: 1 };
/** One at a time: the cluster is one, and each file leaves it as it found it. */
const onTheRealCluster = {
  setupFiles: ['testbed/parts/real/leave-nothing.setup.ts'],
  testTimeout: 180_000,
  hookTimeout: 900_000,
  maxWorkers: 1,
  fileParallelism: false,
  ...onceMore,
};

export default defineConfig({
  ssr: { resolve: { conditions: ['source'] } },
  test: {
    passWithNoTests: false,
    reporters: report
      ? ['dot', ['json', { outputFile: report }], new RetriesReporter(`${report}.retries`)]
      : ['default'],
    coverage: {
      provider: 'v8',
      include: ['{shared,runner,autoscaler}/src/**/*.ts'],
      exclude: ['**/testing/**', '**/main.ts'],
      reporter: ['text-summary'],
      thresholds: {
        // By the unit tests alone; edges and commands are run by whole flows besides.
        lines: 90,
        'shared/src/**': { lines: 95 },
        'runner/src/{adopt,admit,cancel,compile,config,demand,http,launch,lease,lint,metrics,parse,permissions,pipeline,poll,prepare,report,restrict,stage,supervise,watch}/**':
          { lines: 95 },
        'autoscaler/src/{act,advise,capacity,config,decide,forecast,freeze,history,http,lead,metrics,model,observe,permissions,recommend,replay,scrape,simulate,store,trace,watch}/**':
          { lines: 95 },
      },
    },
    projects: [
      level(
        'unit',
        ['{shared,runner,autoscaler,dashboards,charts}/src/**/*.test.ts', 'autoscaler/web/*.test.ts'],
        // It may run beside another level, at the lowest priority.
        { ...withoutState, testTimeout: 30_000, ...onceMore },
      ),
      level(
        'tools',
        ['testbed/{bench,chaos,demo,hostile,levels,machine,parts,pictures,release,suites/docs}/**/*.test.ts'],
        // Some start whole programs, which takes long beside another level, at the lowest priority.
        {
          exclude: ['testbed/suites/docs/real/**', 'testbed/parts/real/*.test.ts', 'testbed/chaos/level/**'],
          testTimeout: 60_000,
          hookTimeout: 180_000,
          ...onceMore,
        },
      ),
      level('gate', ['runner/gate/**/*.test.ts'], { testTimeout: 60_000, maxWorkers: 1, ...onceMore }),
      level('flows', ['testbed/suites/flows/**/*.test.ts'], {
        testTimeout: 90_000,
        hookTimeout: 60_000,
        maxWorkers: 2,
        ...onceMore,
      }),
      // No second try: what goes wrong once in many builds is what it looks for.
      level('chaos', ['testbed/chaos/level/**/*.test.ts'], { testTimeout: 300_000, maxWorkers: 1 }),
      level('shells', ['testbed/suites/shells/**/*.test.ts'], {
        testTimeout: 60_000,
        hookTimeout: 60_000,
        ...onceMore,
      }),
      level('boards', ['testbed/suites/boards/**/*.test.ts'], {
        testTimeout: 60_000,
        hookTimeout: 300_000,
        maxWorkers: 1,
        ...onceMore,
      }),
      level('browser', ['testbed/suites/browser/**/*.test.ts'], {
        testTimeout: 60_000,
        hookTimeout: 60_000,
        maxWorkers: 1,
        ...onceMore,
      }),
      level('real', ['testbed/parts/real/**/*.test.ts', 'testbed/suites/real-flows/**/*.test.ts'], {
        exclude: ['testbed/parts/real/plan/**', 'testbed/suites/real-flows/large/**'],
        ...onTheRealCluster,
      }),
      level('kubelet', ['testbed/suites/kubelet/**/*.test.ts'], {
        ...onTheRealCluster,
        // Each file has a namespace of its own, and waits most of the time. What it leaves is looked for when all have ended.
        ...{ maxWorkers: 2, fileParallelism: true, setupFiles: [] },
        globalSetup: ['testbed/parts/real/leave-nothing.global.ts'],
      }),
      level('docs', ['testbed/suites/docs/real/**/*.test.ts'], onTheRealCluster),
      level('chart', ['testbed/suites/chart/**/*.test.ts'], onTheRealCluster),
      level('large', ['testbed/suites/real-flows/large/**/*.test.ts'], {
        ...onTheRealCluster,
        testTimeout: 900_000,
      }),
    ],
  },
});
