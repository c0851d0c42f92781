import { defineConfig } from 'vitest/config';

/**
 * Levels of tests. unit: pure rooms and edges on loopback. gate: the Go program as processes.
 * flows: whole pipelines on the embedded cluster. real: the same on a real kubelet.
 */
const level = (name: string, include: string[], test: object) => ({
  extends: true as const,
  test: { name, include, ...test },
});

export default defineConfig({
  ssr: { resolve: { conditions: ['source'] } },
  test: {
    passWithNoTests: false,
    coverage: { provider: 'v8', include: ['shared/src/**', 'runner/src/**', 'autoscaler/src/**'] },
    projects: [
      level(
        'unit',
        [
          '{shared,runner,autoscaler}/src/**/*.test.ts',
          'testbed/{drone,embedded,images,levels}/**/*.test.ts',
          'testbed/real/plan/**/*.test.ts',
        ],
        {},
      ),
      level('gate', ['runner/gate/**/*.test.ts'], { testTimeout: 60_000, maxWorkers: 1 }),
      level('flows', ['testbed/flows/**/*.test.ts'], { testTimeout: 30_000 }),
      level('real', ['testbed/real/**/*.test.ts', 'testbed/real-flows/**/*.test.ts'], {
        exclude: ['testbed/real/plan/**'],
        testTimeout: 180_000,
        hookTimeout: 900_000,
        maxWorkers: 1,
        fileParallelism: false,
      }),
    ],
  },
});
