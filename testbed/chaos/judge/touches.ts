import type { BuildHistory, InjectedFault } from './history.ts';

/** An effect of a fault is seen for so long after its end. */
const AFTERMATH_MS = 5_000;

/** Whether a build was under way while the fault was, or just after it. */
export const touches = (
  { fromMs, toMs, isDone }: InjectedFault,
  { sentMs, endedMs }: Pick<BuildHistory, 'sentMs' | 'endedMs'>,
): boolean => isDone && fromMs <= (endedMs ?? Number.POSITIVE_INFINITY) && toMs + AFTERMATH_MS >= sentMs;
