import type { Area } from './area.ts';
import { PIPELINES } from './pipelines/pipelines.ts';

/** A function that is called with each area, of any type of input. */
export type WithArea<R> = <T>(area: Area<T>) => R;

/** All kinds of untrusted input. A new kind is added here. */
export const forEachArea = <R>(call: WithArea<R>): readonly R[] => [call(PIPELINES)];
