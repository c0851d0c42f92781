import type { Area } from './area.ts';
import { HTTP } from './http/http.ts';
import { LOGS } from './logs/logs.ts';
import { METRICS } from './metrics/metrics.ts';
import { PIPELINES } from './pipelines/pipelines.ts';
import { SUBSTITUTIONS } from './substitutions/substitutions.ts';

/** A function that is called with each area, of any type of input. */
export type WithArea<R> = <T>(area: Area<T>) => R;

/** All kinds of untrusted input. A new kind is added here. */
export const forEachArea = <R>(call: WithArea<R>): readonly R[] => [
  call(PIPELINES),
  call(SUBSTITUTIONS),
  call(LOGS),
  call(METRICS),
  call(HTTP),
];
