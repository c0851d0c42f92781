import { existsSync, readFileSync } from 'node:fs';
import type { WireLine, WireStep } from '../../parts/drone/wire.ts';
import type { BuildHistory, Effect, StageRecord } from '../judge/history.ts';
import type { Shape } from '../plan/shapes.ts';
import type { ChaosSystem } from './system.ts';

/** A build that was sent, and what happened to it so far. */
export interface SentBuild {
  readonly number: number;
  readonly id: number;
  readonly shape: Shape;
  readonly sentMs: number;
  endedMs: number | undefined;
  cancelledMs: number | undefined;
  readonly destroyedMs: number[];
}

/** Reads the history of a build. */
export function historyOf(system: ChaosSystem, sent: SentBuild): BuildHistory {
  const { number, id, shape, sentMs, endedMs, cancelledMs, destroyedMs } = sent;
  const build = system.drone.build(id);
  const stages = build.stages.map(({ name, status, error, steps }): StageRecord => {
    const isLast = (step: WireStep, nth: number): boolean =>
      !steps.slice(nth + 1).some((later) => later.name === step.name);
    const records = steps.map((step, nth) => ({
      ...{ name: step.name, status: step.status, exitCode: step.exit_code },
      lines: isLast(step, nth) ? numbersIn(system.drone.log(id, step.name, name)) : undefined,
    }));
    return {
      ...{ name, status, error },
      steps: records.filter((_, nth) => steps[nth] && isLast(steps[nth], nth)),
      lostSteps: records.filter((_, nth) => steps[nth] && !isLast(steps[nth], nth)),
    };
  });
  const effects = effectsIn(system.effectsFile(number));
  const stopped = effects.flatMap(({ pod }) => {
    const atMs = system.podStoppedMs.get(pod);
    return atMs === undefined ? [] : [[pod, atMs] as const];
  });
  return {
    ...{
      number,
      id,
      shape: shape.name,
      sentMs,
      endedMs,
      status: build.status,
      cancelledMs,
      destroyedMs,
      stages,
    },
    podStoppedMs: Object.fromEntries(stopped),
    effects,
  };
}

/** The numbers of the numbered lines of a step. */
function numbersIn(lines: readonly WireLine[] | undefined): readonly number[] | undefined {
  return lines?.flatMap(({ out }) => {
    const [, number] = /^#(\d+)\n?$/.exec(out) ?? [];
    return number === undefined ? [] : [Number(number)];
  });
}

/** Reads the recorded starts and ends, whose times are in whole seconds. */
function effectsIn(file: string): readonly Effect[] {
  if (!existsSync(file)) return [];
  return readFileSync(file, 'utf8')
    .split('\n')
    .flatMap((line): Effect[] => {
      const [, kind, step = '', seconds, pod = ''] = /^(start|end) (\S+) (\d+) (\S*)$/.exec(line) ?? [];
      return kind === 'start' || kind === 'end' ? [{ kind, step, pod, atMs: Number(seconds) * 1_000 }] : [];
    });
}
