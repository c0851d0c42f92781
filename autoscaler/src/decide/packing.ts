import type { Resources } from '../capacity/shape.ts';
import { newNodesFor } from '../replay/policies/first-fit.ts';
import type { NodeSpec } from '../simulate/node-table.ts';
import { roomOnEmpty } from '../simulate/world.ts';
import { countOf, type SizeClass } from './demand.ts';

/** How demand fills nodes of one kind. */
export interface Packed {
  readonly nodes: number;
  /** Pods that no such node can hold. */
  readonly tooLarge: number;
}

/** Whole nodes that hold these Pods, packed first-fit, largest first; those that no node can hold are counted apart. */
export function packed(classes: readonly SizeClass[], node: NodeSpec): Packed {
  const fitting = classes.filter(({ request }) => roomOnEmpty(node, request) > 0);
  return { nodes: newNodesFor(fitting, 0, node), tooLarge: countOf(classes) - countOf(fitting) };
}

/** Average size of a Pod; `fallback` when there is none. */
export function typicalOf(classes: readonly SizeClass[], fallback: Resources): Resources {
  const count = countOf(classes);
  if (count === 0) return fallback;
  const mean = (key: keyof Resources): number =>
    Math.ceil(classes.reduce((sum, one) => sum + one.request[key] * one.count, 0) / count);
  return { cpuMillicores: mean('cpuMillicores'), memoryBytes: mean('memoryBytes') };
}

/** `3 %`, `0.4 %`. */
export const percent = (share: number): string =>
  `${share >= 0.1 || share === 0 ? Math.round(share * 100) : Math.round(share * 1000) / 10} %`;
