import type { ReplayFigures } from '../../suites/real-flows/replayed.ts';

type Figures = Pick<ReplayFigures, 'nodeHours' | 'waitSeconds'>;

/** How far a measured figure may be from what `replay` predicted: a share of it, or so many seconds where they are more. */
interface Tolerance {
  readonly name: string;
  readonly share: number;
  readonly seconds: number;
  readonly of: (figures: Figures) => number;
}

/** What is demanded of the predictions. */
export const TOLERANCES: readonly Tolerance[] = [
  { name: 'node-hours within 10 %', share: 0.1, seconds: 0, of: ({ nodeHours }) => nodeHours },
  { name: 'mean within 10 % or 3 s', share: 0.1, seconds: 3, of: ({ waitSeconds }) => waitSeconds.mean },
  { name: 'p95 within 15 % or 10 s', share: 0.15, seconds: 10, of: ({ waitSeconds }) => waitSeconds.p95 },
];

/** Whether each of {@link TOLERANCES} is met. */
export const withinTolerances = (measured: Figures, predicted: Figures): readonly boolean[] =>
  TOLERANCES.map(({ share, seconds, of }) => {
    const allowed = Math.max(share * of(predicted), seconds);
    return Math.abs(of(measured) - of(predicted)) <= allowed;
  });
