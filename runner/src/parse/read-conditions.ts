import { CONDITION_NAMES, type Condition, type Conditions } from '../pipeline/pipeline.ts';
import { type Decoder, isNull } from './decoder.ts';
import type { YamlNode } from './yaml-node.ts';

/** A `when` or `match` (previous-runner §3.8.1). Null conditions are left out. */
export function readConditions(decoder: Decoder, node: YamlNode | undefined): Conditions {
  const fields = decoder.fields(node, 'conditions');
  const conditions: Partial<Record<(typeof CONDITION_NAMES)[number], Condition>> = {};
  for (const name of CONDITION_NAMES) {
    const field = fields.get(name);
    if (field !== undefined && !isNull(field)) conditions[name] = readCondition(decoder, name, field);
  }
  return conditions;
}

function readCondition(decoder: Decoder, name: string, node: YamlNode): Condition {
  if (node.kind === 'scalar') return { include: [decoder.text(node)], exclude: [] };
  if (node.kind === 'seq') return { include: decoder.texts(node), exclude: [] };
  const fields = decoder.fields(node, 'condition');
  const globs = (key: 'include' | 'exclude'): readonly string[] =>
    readGlobs(decoder, `${name}.${key}`, fields.get(key));
  return { include: globs('include'), exclude: globs('exclude') };
}

/** Known issue 41: the old runner ignored a scalar here, and the condition then matched everything. */
function readGlobs(decoder: Decoder, place: string, node: YamlNode | undefined): readonly string[] {
  if (node?.kind !== 'scalar' || isNull(node)) return decoder.texts(node);
  const text = decoder.text(node);
  decoder.warn(node, `\`${place}: ${text}\` is read as the list [${text}]; the previous runner ignored it`);
  return [text];
}
