import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Job } from '../capacity/job.ts';
import { MIB } from '../capacity/shape.ts';
import { generateLoad } from '../trace/generate.ts';
import { clusterAutoscalerPolicy } from './policies/cluster-autoscaler.ts';
import { karpenterBufferPolicy, karpenterPolicy } from './policies/karpenter.ts';
import { clairvoyantRule, squareRootRule } from './policies/rules.ts';
import { ServedBuffer } from './policies/served-buffer.ts';
import { ReplayedDecisions, ruledPolicy, servicePolicy } from './policies/service.ts';
import { softlyPlaced } from './policies/soft-taints.ts';
import type { ScalingPolicy } from './policy.ts';
import { replay } from './replay.ts';
import type { ReplayResult } from './result.ts';
import { aService } from './testing/a-service.ts';

const NODE = { allocatable: { cpuMillicores: 3920, memoryBytes: 6018 * MIB, pods: 110 } };
const BOOT_SECONDS = 180;
const bufferOfService = (service = aService()): ServedBuffer =>
  new ServedBuffer(new ReplayedDecisions(service.policy), service);
const POLICIES: Readonly<Record<string, (jobs: readonly Job[]) => ScalingPolicy>> = {
  forecast: () => softlyPlaced(servicePolicy(aService())),
  sqrt: () => ruledPolicy(squareRootRule(2, 5), aService()),
  clairvoyant: (jobs) => softlyPlaced(ruledPolicy(clairvoyantRule(jobs, BOOT_SECONDS + 10), aService())),
  karpenter: () => karpenterPolicy(),
  'karpenter-buffer': () => karpenterBufferPolicy(bufferOfService()),
  'cluster-autoscaler': () => softlyPlaced(clusterAutoscalerPolicy()),
};

const play = (name: string, jobs: readonly Job[], countFrom = jobs[0]?.arrivedAt ?? 0): ReplayResult =>
  replay({
    jobs,
    node: NODE,
    bootSeconds: BOOT_SECONDS,
    policy: POLICIES[name]?.(jobs) ?? karpenterPolicy(),
    seed: 1,
    countFrom,
  });

const LARGEST = { cpuMillicores: 3920, memoryBytes: 6018 * MIB };
const anyJob = fc.record({
  arrivedAt: fc.integer({ min: 0, max: 4000 }),
  durationSeconds: fc.integer({ min: 0, max: 1500 }),
  request: fc.constantFrom(
    { cpuMillicores: 100, memoryBytes: 64 * MIB },
    { cpuMillicores: 1150, memoryBytes: 1700 * MIB },
    { cpuMillicores: 3000, memoryBytes: 900 * MIB },
    { cpuMillicores: 4000, memoryBytes: 100 * MIB },
  ),
});
/** The last job arrives when all others have long ended, so that their whole cost lies in the counted time. */
const anyTrace = fc
  .array(anyJob, { minLength: 1, maxLength: 40 })
  .map((jobs): readonly Job[] => [
    ...jobs.toSorted((one, other) => one.arrivedAt - other.arrivedAt),
    { arrivedAt: 40_000, durationSeconds: 1, request: { cpuMillicores: 100, memoryBytes: 64 * MIB } },
  ]);

/** Each test simulates days of builds several times: this takes seconds, and several times that with coverage. */
describe('any replay', { timeout: 30_000 }, () => {
  it.each(Object.keys(POLICIES))(
    '%s runs every job that fits, once, on nodes whose cost is counted',
    (name) => {
      fc.assert(
        fc.property(anyTrace, (jobs) => {
          const result = play(name, jobs);
          const fitting = jobs.filter(({ request }) => request.cpuMillicores <= LARGEST.cpuMillicores);
          // No node holds more than all of its CPU, or more than all of its memory. The last job ends after the counted time.
          const leastHours = (key: 'cpuMillicores' | 'memoryBytes'): number =>
            fitting
              .slice(0, -1)
              .reduce((sum, job) => sum + (job.durationSeconds * job.request[key]) / LARGEST[key] / 3600, 0);

          expect(result).toMatchObject({
            jobs: fitting.length,
            tooLarge: jobs.length - fitting.length,
            unplaced: 0,
            evicted: 0,
          });
          expect(result.nodeHours).toBeGreaterThanOrEqual(leastHours('cpuMillicores') - 1e-9);
          expect(result.nodeHours).toBeGreaterThanOrEqual(leastHours('memoryBytes') - 1e-9);
          expect(result.waitSeconds.mean).toBeLessThanOrEqual(result.waitSeconds.max + 1e-9);
          expect(result.waitSeconds.p50).toBeLessThanOrEqual(result.waitSeconds.p95);
          expect(result.waitSeconds.p95).toBeLessThanOrEqual(result.waitSeconds.max);
          expect(result.peakNodes).toBeLessThanOrEqual(result.boots);
        }),
        { numRuns: 12 },
      );
    },
  );

  it.each([1, 2, 3])(
    'the clairvoyant pays no more and waits no longer than a policy without foresight (seed %d)',
    (seed) => {
      const jobs = generateLoad({ load: 'harder', seed, days: 5, prsPerDay: 150 });
      const countFrom = (jobs[0]?.arrivedAt ?? 0) + 3 * 86_400;
      const best = play('clairvoyant', jobs, countFrom);
      for (const name of ['forecast', 'sqrt', 'karpenter-buffer']) {
        const other = play(name, jobs, countFrom);

        expect(best.nodeHours).toBeLessThanOrEqual(other.nodeHours);
        expect(best.waitSeconds.p99).toBeLessThanOrEqual(other.waitSeconds.p99);
      }
    },
  );
});
