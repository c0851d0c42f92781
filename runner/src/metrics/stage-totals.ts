import type { CountedState } from '@hangar/shared/contract/runner-metrics';
import { type Load, NO_LOAD, plus } from '../admit/admit.ts';
import type { RegisteredStage, StagePhase } from '../stage-registry.ts';

/**
 * What a phase counts as for capacity planning: a stage whose details are being fetched waits; one that is only to be reported needs
 * nothing any more.
 */
export function stateOf(phase: StagePhase): CountedState | undefined {
  if (phase === 'reporting') return undefined;
  return phase === 'preparing' ? 'waiting' : phase;
}

/** How many stages are in each state, and what they ask for together. Pure. */
export function stageTotals(
  entries: readonly RegisteredStage[],
): Readonly<Record<CountedState, { readonly stages: number; readonly asks: Load }>> {
  const of = (state: CountedState): { stages: number; asks: Load } => {
    const those = entries.filter((entry) => stateOf(entry.phase) === state);
    return { stages: those.length, asks: those.map((entry) => entry.asks).reduce(plus, NO_LOAD) };
  };
  return { waiting: of('waiting'), starting: of('starting'), running: of('running') };
}
