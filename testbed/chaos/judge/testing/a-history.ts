import type { Shape } from '../../plan/shapes.ts';
import type { BuildHistory, History, StageRecord, StepHistory } from '../history.ts';

/** When the build of {@link aBuild} was sent. */
export const SENT_MS = 1_768_383_000_000;

/** The Pod of {@link aBuild}. */
export const POD = 'drone-1';

/** Two steps, the second of which fails, a third that is skipped because of that, and a service. */
export const SHAPE: Shape = {
  name: 'two steps',
  yaml: () => '',
  stages: [
    {
      name: 'default',
      status: 'failure',
      steps: [
        { name: 'one', status: 'success', exitCode: 0, lines: 3, ends: true },
        { name: 'two', status: 'failure', exitCode: 3, lines: 2, ends: true },
        { name: 'never', status: 'skipped', exitCode: 0, lines: 0, ends: true },
        { name: 'service', status: 'success', exitCode: 0, lines: 1, ends: false },
      ],
    },
  ],
};

const GOOD: BuildHistory = {
  ...{ number: 1, id: 7, shape: SHAPE.name, sentMs: SENT_MS, endedMs: SENT_MS + 9_000, status: 'failure' },
  ...{ cancelledMs: undefined, destroyedMs: [], podStoppedMs: { [POD]: SENT_MS + 8_000 } },
  stages: [
    {
      ...{ name: 'default', status: 'failure', error: '', lostSteps: [] },
      steps: [
        { name: 'one', status: 'success', exitCode: 0, lines: [1, 2, 3] },
        { name: 'two', status: 'failure', exitCode: 3, lines: [1, 2] },
        { name: 'never', status: 'skipped', exitCode: 0, lines: undefined },
        { name: 'service', status: 'success', exitCode: 0, lines: [1] },
      ],
    },
  ],
  effects: [
    { step: 'service', kind: 'start', pod: POD, atMs: SENT_MS + 1_000 },
    { step: 'one', kind: 'start', pod: POD, atMs: SENT_MS + 2_000 },
    { step: 'one', kind: 'end', pod: POD, atMs: SENT_MS + 3_000 },
    { step: 'two', kind: 'start', pod: POD, atMs: SENT_MS + 4_000 },
    { step: 'two', kind: 'end', pod: POD, atMs: SENT_MS + 5_000 },
  ],
};

/** A correct build of {@link SHAPE}, with changes to itself, its stage, and steps by name. */
export function aBuild(
  build: Partial<BuildHistory> = {},
  stage: Partial<StageRecord> = {},
  steps: Readonly<Record<string, Partial<StepHistory>>> = {},
): BuildHistory {
  const stages = GOOD.stages.map((one) => ({
    ...one,
    steps: one.steps.map((step) => ({ ...step, ...steps[step.name] })),
    ...stage,
  }));
  return { ...GOOD, stages, ...build };
}

/** A history of these builds without other events. */
export const aHistory = (builds: readonly BuildHistory[], more: Partial<History> = {}): History => ({
  ...{ seed: 1, builds, faults: [], processes: [], leftovers: [] },
  ...more,
});
