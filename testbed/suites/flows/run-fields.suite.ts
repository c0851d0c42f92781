import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { BUSYBOX, pipeline, step, stepResults } from './pipelines.ts';
import type { TestSystem } from './test-system.ts';

/** Steps with `timeout` and `retry`, and services with `ready`, on any cluster. `timeoutMs`: for one build. */
export function runFieldsSuite(
  where: string,
  open: () => Promise<TestSystem>,
  options: { timeoutMs: number; serve: readonly string[] },
): void {
  const { timeoutMs, serve } = options;
  const NO_CLONE = 'clone: { disable: true }';
  /** The commands that end well in a certain attempt; each attempt leaves a line in the workspace. */
  const untilAttempt = (n: number, code = 1): readonly string[] => [
    'echo attempt $HANGAR_STEP_ATTEMPT | tee -a attempts',
    `[ $HANGAR_STEP_ATTEMPT -ge ${n} ] || exit ${code}`,
  ];

  describe(`timeout, retry and ready on ${where}`, () => {
    let system: TestSystem;
    beforeAll(async () => {
      system = await open();
    });
    afterAll(() => system.close());

    const run = async (yaml: string) => {
      const { id } = system.drone.createBuild({ yaml });
      const done = await system.drone.waitForBuild(id, { timeoutMs });
      await system.cleaned(timeoutMs);
      expect(system.drone.complaints).toEqual([]);
      const errors = done.stages.flatMap(({ steps }) => steps.map(({ error }) => error ?? ''));
      return { id, status: done.status, steps: stepResults(done), errors };
    };

    it('retry: a step runs again until it succeeds, as one step', async () => {
      const flaky = step('flaky', untilAttempt(3), '  retry: { attempts: 3, backoff: 10ms }\n');
      const { id, status, steps } = await run(pipeline(flaky + step('after', ['cat attempts']), NO_CLONE));
      expect([status, steps]).toEqual([
        'success',
        [
          ['flaky', 'success', 0],
          ['after', 'success', 0],
        ],
      ]);
      const text = system.drone.logText(id, 'flaky');
      expect(text).toContain('hangar: attempt 1 of 3 failed with exit code 1; the next one starts in 10ms\n');
      expect(text).toContain('hangar: attempt 2 of 3 failed with exit code 1; the next one starts in 20ms\n');
      expect(system.drone.logText(id, 'after')).toContain('attempt 1\nattempt 2\nattempt 3\n');
    });

    it.each([
      { if: 'its last attempt fails', exits: 1, after: 3, codes: '', attempts: 2 },
      { if: 'its exit code is not listed', exits: 3, after: 2, codes: 'exit_codes: [1, 75], ', attempts: 1 },
    ])('retry: a step fails if $if', async ({ exits, after, codes, attempts }) => {
      const retry = `  retry: { attempts: 2, ${codes}backoff: 10ms }\n`;
      const fails = step('fails', untilAttempt(after, exits), retry);
      const count = step('count', ['wc -l < attempts'], '  when: { status: [failure] }\n');
      const { id, status, steps } = await run(pipeline(fails + count, NO_CLONE));
      expect([status, steps[0]]).toEqual(['failure', ['fails', 'failure', exits]]);
      expect(system.drone.logText(id, 'count')).toMatch(new RegExp(`\\n *${attempts}\\n$`));
    });

    it('timeout: a step that exceeds it is stopped and fails with 124, and what follows is skipped', async () => {
      const slow = step('slow', ['echo began', 'sleep 600'], '  timeout: 700ms\n');
      const { id, status, steps, errors } = await run(
        pipeline(slow + step('after', ['echo never']), NO_CLONE),
      );
      expect([status, steps]).toEqual([
        'failure',
        [
          ['slow', 'failure', 124],
          ['after', 'skipped', 0],
        ],
      ]);
      expect(errors[0]).toBe('timed out after 700ms');
      expect(system.drone.logText(id, 'slow')).toMatch(
        /began\n[^]*hangar: the step exceeded its timeout of 700ms, and was stopped\n/,
      );
    });

    it('timeout: a step that ends within it, or with 124 by itself, is as without it', async () => {
      const quick = step('quick', ['true'], '  timeout: 5m\n');
      const own = step('own', ['exit 124'], '  timeout: 5m\n');
      const { steps, errors } = await run(pipeline(quick + own, NO_CLONE));
      expect(steps).toEqual([
        ['quick', 'success', 0],
        ['own', 'failure', 124],
      ]);
      expect(errors).toEqual(['', '']);
    });

    it('timeout and retry: an attempt that was too slow is repeated', async () => {
      const slow = step(
        'slow',
        ['echo attempt $HANGAR_STEP_ATTEMPT', '[ $HANGAR_STEP_ATTEMPT -eq 2 ] || sleep 600'],
        '  timeout: 2s\n  retry: { attempts: 2, exit_codes: [124], backoff: 10ms }\n',
      );
      const { id, steps, errors } = await run(pipeline(slow, NO_CLONE));
      expect([steps, errors]).toEqual([[['slow', 'success', 0]], ['']]);
      expect(system.drone.logText(id, 'slow')).toMatch(
        /attempt 1 of 2 failed with exit code 124[^]*\nattempt 2\n/,
      );
    });

    it('parallelism: no more steps than that run at the same time, and no fewer', async () => {
      const spell = ['echo 1 >> spells', 'sleep 1', 'echo -1 >> spells'];
      const names = ['a', 'b', 'c', 'd'];
      const each = names.map((name) => step(name, spell, '  depends_on: [begin]\n')).join('');
      const largest =
        'n=0; most=0; while read change; do n=$((n+change)); [ $n -le $most ] || most=$n; done < spells';
      const count = step('count', [largest, 'echo most: $most'], `  depends_on: [${names.join(', ')}]\n`);
      const yaml = pipeline(step('begin', ['true']) + each + count, `${NO_CLONE}\nparallelism: 2`);
      const { id, status } = await run(yaml);
      expect(status).toBe('success');
      expect(system.drone.logText(id, 'count')).toContain('\nmost: 2\n');
    });

    const service = (commands: readonly string[], ready: string): string =>
      `services:\n${step('service', commands, `  ready: ${ready}\n`)}`;

    it.each([
      ['tcp', ['sleep 1', 'touch served', ...serve], '{ tcp: 8123 }'],
      ['http', ['sleep 1', 'touch served', ...serve], '{ http: { port: 8123, path: /page } }'],
      ['exec', ['sleep 1', 'touch served', 'exec sleep 600'], '{ exec: [sh, -c, "[ -f served ]"] }'],
    ] as const)('ready by %s: the steps begin when the service is ready', async (_, commands, ready) => {
      const { status, steps } = await run(
        pipeline(step('uses', ['ls served']), `${NO_CLONE}\n${service(commands, ready)}`),
      );
      expect([status, steps]).toEqual([
        'success',
        [
          ['service', 'success', 0],
          ['uses', 'success', 0],
        ],
      ]);
    });

    it('ready: a step whose image is swapped begins when the service is ready, too', async () => {
      const late = service(['sleep 1', 'touch served', 'exec sleep 600'], '{ exec: [test, -f, served] }');
      const swapped = `- name: uses\n  image: ${BUSYBOX}\n  command: [ls, served]\n`;
      const { status, steps } = await run(pipeline(swapped, `${NO_CLONE}\n${late}`));
      expect([status, steps]).toEqual([
        'success',
        [
          ['service', 'success', 0],
          ['uses', 'success', 0],
        ],
      ]);
    });

    it('without ready, the steps begin when the service has started', async () => {
      const late = `services:\n${step('service', ['sleep 600', 'touch served'])}`;
      const { steps } = await run(pipeline(step('uses', ['ls served']), `${NO_CLONE}\n${late}`));
      expect(steps.map(([, status]) => status)).toEqual(['success', 'failure']);
    });

    it('ready: a service that does not become ready fails the pipeline, and runs what is there for failures', async () => {
      const never = service(['exec sleep 600'], '{ tcp: 8199, timeout: 700ms }');
      const cares = step('cares', ['echo $DRONE_FAILED_STEPS'], '  when: { status: [failure] }\n');
      const { id, status, steps, errors } = await run(
        pipeline(step('uses', ['echo never']) + cares, `${NO_CLONE}\n${never}`),
      );
      expect([status, steps]).toEqual([
        'failure',
        [
          ['service', 'failure', 124],
          ['uses', 'skipped', 0],
          ['cares', 'success', 0],
        ],
      ]);
      expect(errors[0]).toBe('not ready within 700ms');
      expect(system.drone.logText(id, 'service')).toContain(
        'hangar: the service was not ready within 700ms\n',
      );
      expect(system.drone.logText(id, 'cares')).toContain('\nservice\n');
    });

    it('ready: a service that ends before it is ready fails the pipeline, one that ends later does not', async () => {
      const early = await run(
        pipeline(step('uses', ['true']), `${NO_CLONE}\n${service(['exit 3'], '{ tcp: 8199 }')}`),
      );
      expect([early.status, early.steps, early.errors[0]]).toEqual([
        'failure',
        [
          ['service', 'failure', 3],
          ['uses', 'skipped', 0],
        ],
        'ended before it was ready',
      ]);
      const later = await run(
        pipeline(
          step('uses', ['sleep 2']),
          `${NO_CLONE}\n${service(['touch served', 'sleep 1', 'exit 3'], '{ exec: [sh, -c, "[ -f served ]"] }')}`,
        ),
      );
      expect([later.status, later.steps]).toEqual([
        'success',
        [
          ['service', 'success', 0],
          ['uses', 'success', 0],
        ],
      ]);
    });
  });
}
