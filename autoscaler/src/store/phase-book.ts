import { medianOf } from '@hangar/shared/median';
import type { BootPhase, UsualPhase } from '../capacity/boot-phase.ts';
import { Ring } from '../history/ring.ts';
import type { PhaseTime, TimedPhase } from '../watch/boot-phases.ts';

/** Boots that are remembered for each phase. */
const MOST_BOOTS = 200;

/** Remembers the last boots by phase. */
export class PhaseBook {
  readonly #seconds: Readonly<Record<TimedPhase, Ring<number>>> = {
    machine: new Ring(MOST_BOOTS),
    kubelet: new Ring(MOST_BOOTS),
    cold: new Ring(MOST_BOOTS),
    warm: new Ring(MOST_BOOTS),
  };

  add({ phase, seconds }: PhaseTime): void {
    this.#seconds[phase].push(seconds);
  }

  /** The phases that were observed. */
  get phases(): readonly UsualPhase[] {
    const usual = (phase: TimedPhase): number => medianOf(this.#seconds[phase].items) ?? 0;
    const phases: readonly (readonly [BootPhase, TimedPhase, number])[] = [
      ['machine', 'machine', usual('machine')],
      ['kubelet', 'kubelet', usual('kubelet')],
      ['image', 'cold', Math.max(0, usual('cold') - usual('warm'))],
    ];
    return phases.flatMap(([phase, source, seconds]) => {
      const boots = this.#seconds[source].items.length;
      return boots === 0 ? [] : { phase, seconds, boots };
    });
  }
}
