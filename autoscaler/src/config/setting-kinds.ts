import type { ValueKind } from '@hangar/shared/config-values';
import type { NodeShape, Resources } from '../capacity/shape.ts';
import { parseResources, parseShape } from '../model/shapes.ts';

/** Node shapes as `--node` takes them, with semicolons between. */
export const SHAPES: ValueKind<readonly NodeShape[]> = {
  type: 'node shapes such as `cpu=16,memory=32Gi;gke:cpu=16,memory=64Gi`, with semicolons between',
  read: (text) => {
    const parsed = text
      .split(';')
      .filter((part) => part.trim() !== '')
      .map(parseShape);
    const wrong = parsed.flatMap((one) => ('problem' in one ? [one.problem] : []));
    if (wrong[0] !== undefined) return { wrong: `holds a shape that is none: ${wrong[0]}` };
    return { value: parsed.flatMap((one) => ('shape' in one ? [one.shape] : [])) };
  },
};

/** Resources such as `cpu=300m,memory=370Mi`. */
export const RESOURCE_TEXT: ValueKind<Resources> = {
  type: 'resources such as `cpu=300m,memory=370Mi`',
  read: (text) => {
    const parsed = parseResources(text);
    return 'problem' in parsed
      ? { wrong: `is no such thing: ${parsed.problem}` }
      : { value: parsed.resources };
  },
};

/** A share between 0 and 1, both left out. */
export const SHARE: ValueKind<number> = {
  type: 'a share such as 0.95',
  read: (text) => {
    const value = Number(text);
    return value > 0 && value < 1 ? { value } : { wrong: 'is no share between 0 and 1' };
  },
};
