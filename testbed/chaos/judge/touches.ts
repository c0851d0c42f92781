import type { BuildHistory, InjectedFault } from './history.ts';

/** A fault may have effects until this long after its end. */
const AFTERMATH_MS = 5_000;

/** Whether a build was under way during the fault or just after it. */
export const touches = (
  { fromMs, toMs, isDone }: InjectedFault,
  { sentMs, endedMs }: Pick<BuildHistory, 'sentMs' | 'endedMs'>,
): boolean => isDone && fromMs <= (endedMs ?? Number.POSITIVE_INFINITY) && toMs + AFTERMATH_MS >= sentMs;
