import type { Area } from './area.ts';
import { PIPELINES } from './pipelines/pipelines.ts';

/** Calls with each area, whatever the type of its inputs. */
export type WithArea<R> = <T>(area: Area<T>) => R;

/** All kinds of untrusted input. A new one is a line here. */
export const forEachArea = <R>(call: WithArea<R>): readonly R[] => [call(PIPELINES)];
