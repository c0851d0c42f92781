import type { Resources } from '../capacity/shape.ts';

/** A Pod's size in Pods of the typical request: a large one needs the room of several. */
export const typicalPods = (request: Resources, typical: Resources): number =>
  Math.max(
    request.cpuMillicores / Math.max(1, typical.cpuMillicores),
    request.memoryBytes / Math.max(1, typical.memoryBytes),
  );
