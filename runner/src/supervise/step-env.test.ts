import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { stepEnvFile } from './step-env.ts';

const facts = { buildFailed: false, failing: false, annotations: {}, nowMs: 1_768_383_006_999 };

describe('/run/drone/env of a swapped step', () => {
  it('has the status as it is now, and the old runner’s keys, sorted', () => {
    const annotations = {
      'io.drone': 'true',
      'io.drone.build.number': '12',
      'hangar.dev/plan': '{}',
      note: 'mine',
    };
    expect(stepEnvFile({ ...facts, annotations })).toBe(
      [
        'DRONE_BUILD_FINISHED="1768383006"',
        'DRONE_BUILD_STATUS="success"',
        'DRONE_STAGE_FINISHED="1768383006"',
        'DRONE_STAGE_STATUS="success"',
        'io.drone="true"',
        'io.drone.build.number="12"',
        '',
      ].join('\n'),
    );
  });

  it.each([
    [false, false, 'success', 'success'],
    [false, true, 'failure', 'failure'],
    [true, false, 'failure', 'success'],
    [true, true, 'failure', 'failure'],
  ])('build failed before %s, failing now %s: build %s, stage %s', (buildFailed, failing, build, stage) => {
    const file = stepEnvFile({ ...facts, buildFailed, failing });
    expect(file).toContain(`DRONE_BUILD_STATUS="${build}"\n`);
    expect(file).toContain(`DRONE_STAGE_STATUS="${stage}"\n`);
  });

  it('has one line for each key, whatever the annotations contain', () => {
    const key = fc.oneof(fc.string(), fc.constantFrom('io.drone', 'io.drone.x', 'io.drone.a b', 'io.drones'));
    const some = fc.dictionary(key, fc.string({ unit: 'binary', maxLength: 20 }), { maxKeys: 5 });
    fc.assert(
      fc.property(some, (annotations) => {
        const file = stepEnvFile({ ...facts, annotations });
        expect(file).toMatch(/^((DRONE_\w+|io\.drone(\.[\w.-]+)?)="([^"\\\n]|\\.)*"\n)+$/u);
      }),
      { numRuns: 50 },
    );
  });
});
