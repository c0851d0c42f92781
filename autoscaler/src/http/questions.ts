import { decimalOf } from '@hangar/shared/program/options';
import type { NodeShape } from '../capacity/shape.ts';
import { MAX_PRS_PER_DAY, podsPerNode } from '../model/nodes-for.ts';
import { PUBLISHED_SHAPES, parseShape } from '../model/shapes.ts';
import type { WhatIf } from './answers.ts';
import { BadRequest } from './problem.ts';

type Query = Readonly<Record<string, string | string[] | undefined>>;

const all = (value: Query[string]): readonly string[] =>
  value === undefined ? [] : typeof value === 'string' ? [value] : value;

function numberIn(query: Query, name: string, [least, most]: readonly [number, number]): number | undefined {
  const [text, ...more] = all(query[name]);
  if (text === undefined) return undefined;
  const value = decimalOf(text);
  if (more.length === 0 && value >= least && value <= most) return value;
  throw new BadRequest(
    name,
    `${name} must be one number from ${least} to ${most}, not ${JSON.stringify(query[name]).slice(0, 200)}`,
    `write for instance ?${name}=${Math.min(500, most)}`,
  );
}

/** Unknown parameters are rejected: ignoring them would answer another question. */
function rejectUnknown(query: Query, path: string, names: readonly string[]): void {
  const unknownName = Object.keys(query).find((name) => !names.includes(name));
  if (unknownName === undefined) return;
  const name = unknownName.slice(0, 100);
  throw new BadRequest(name, `there is no parameter ${name}`, `${path} takes ${names.join(' and ')}`);
}

const MOST_SHAPES = 20;

function shapesIn(query: Query): readonly NodeShape[] {
  const texts = [...new Set(all(query['shape']))];
  if (texts.length > MOST_SHAPES)
    throw new BadRequest('shape', `${texts.length} shapes are too many`, `use ${MOST_SHAPES} at most`);
  const shapes = texts.map((text) => {
    const parsed = parseShape(text.slice(0, 500));
    if ('problem' in parsed)
      throw new BadRequest(
        'shape',
        `shape: ${parsed.problem}`,
        'write ?shape=4cpu-8gb, or ?shape=cpu=16,memory=32Gi',
      );
    if (podsPerNode(parsed.shape) === 0)
      throw new BadRequest(
        'shape',
        `shape: no Pod of the model fits on a node ${text.slice(0, 100)}`,
        'use a larger shape',
      );
    return parsed.shape;
  });
  return shapes.length > 0 ? shapes : PUBLISHED_SHAPES;
}

/**
 * Reads `?prsPerDay=500&shape=…`.
 *
 * @throws {BadRequest} that names the mistake and the remedy
 */
export function whatIfQuestion(query: Query): WhatIf {
  rejectUnknown(query, 'what-if', ['prsPerDay', 'shape']);
  const prsPerDay = numberIn(query, 'prsPerDay', [0, MAX_PRS_PER_DAY]);
  if (prsPerDay === undefined)
    throw new BadRequest('prsPerDay', 'prsPerDay is missing', 'write for instance ?prsPerDay=500');
  return { prsPerDay, shapes: shapesIn(query) };
}

/** Reads `?hours=6`; at most a day. @throws {BadRequest} */
export function hoursQuestion(query: Query): number {
  rejectUnknown(query, 'demand', ['hours']);
  return numberIn(query, 'hours', [0.01, 24]) ?? 6;
}
