import type { Level, NodeShape } from '../capacity/shape.ts';
import { prsCarriedBy } from '../model/nodes-for.ts';
import type { ModelParameters } from '../model/parameters.ts';
import { allocatableText } from './recommendation-text.ts';
import { formatTable } from './table.ts';

/** What is asked the other way round: how many PRs a day does a pool of this size carry? */
export interface CarriedQuestion {
  readonly nodes: number;
  readonly shapes: readonly NodeShape[];
  readonly levels: readonly Level[];
  readonly parameters: ModelParameters;
}

/** PRs a day for each shape and level; null where the pool is smaller than the model's base. */
export function carriedJson({ nodes, shapes, levels, parameters }: CarriedQuestion): object {
  const carried = (shape: NodeShape): object =>
    Object.fromEntries(levels.map((level) => [level, prsCarriedBy(nodes, shape, level, parameters) ?? null]));
  return { nodes, prsPerDay: Object.fromEntries(shapes.map((shape) => [shape.name, carried(shape)])) };
}

/** The same for a person. */
export function carriedText({ nodes, shapes, levels, parameters }: CarriedQuestion): string {
  const cell = (shape: NodeShape, level: Level): string =>
    String(prsCarriedBy(nodes, shape, level, parameters) ?? 'too few nodes');
  const table = formatTable(
    [
      { title: 'PRs a day', align: 'left' },
      ...levels.map((title) => ({ title, align: 'right' }) as const),
      { title: 'for Pods on each node', align: 'left' },
    ],
    shapes.map((shape) => [shape.name, ...levels.map((level) => cell(shape, level)), allocatableText(shape)]),
  );
  return `What ${nodes === 1 ? '1 node carries' : `${nodes} nodes carry`}\n\n${table}\n`;
}
