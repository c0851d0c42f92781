import type { PipelineVolume } from '../pipeline/pipeline.ts';
import { type Decoder, type Fields, isNull } from './decoder.ts';
import { readBytes } from './read-step.ts';
import type { YamlNode } from './yaml-tree.ts';

/** In order of precedence (previous-runner §3.7). */
const SOURCES = ['temp', 'host', 'claim', 'config_map', 'secret'] as const;
type Source = (typeof SOURCES)[number];

/** A volume with its source; `none` if there is none, as with an empty `temp:`. */
export function readVolume(decoder: Decoder, node: YamlNode): PipelineVolume {
  const fields = decoder.fields(node, 'volume');
  const name = decoder.text(fields.get('name'));
  const [source, ...more] = SOURCES.filter((key) => {
    const value = fields.get(key);
    return value !== undefined && !isNull(value);
  });
  if (source === undefined) return { name, kind: 'none', line: node.line };
  if (more.length > 0)
    decoder.warn(node.line, `volume ${name} has more than one source: \`${source}\` is used`);
  const read = READERS[source];
  return { name, line: node.line, ...read(decoder, decoder.fields(fields.get(source), source)) };
}

type VolumeSource = PipelineVolume extends infer V
  ? V extends unknown
    ? Omit<V, 'name' | 'line'>
    : never
  : never;

const READERS: Readonly<Record<Source, (decoder: Decoder, fields: Fields) => VolumeSource>> = {
  temp: (decoder, fields) => ({
    kind: 'temp',
    medium: decoder.text(fields.get('medium')),
    sizeLimitBytes: readBytes(decoder, fields.get('size_limit')),
  }),
  host: (decoder, fields) => ({ kind: 'host', path: decoder.text(fields.get('path')) }),
  claim: (decoder, fields) => ({
    kind: 'claim',
    claimName: decoder.text(fields.get('name')),
    readOnly: decoder.bool(fields.get('read_only')),
  }),
  config_map: (decoder, fields) => ({
    kind: 'config_map',
    configMapName: decoder.text(fields.get('name')),
    ...projection(decoder, fields),
  }),
  secret: (decoder, fields) => ({
    kind: 'secret',
    secretName: decoder.text(fields.get('name')),
    ...projection(decoder, fields),
  }),
};

/** Known issue 45: an omitted mode stays unset, so that Kubernetes' own default (0644) applies. */
function projection(
  decoder: Decoder,
  fields: Fields,
): { defaultMode: number | undefined; optional: boolean } {
  return {
    defaultMode: decoder.optionalInteger(fields.get('default_mode')),
    optional: decoder.bool(fields.get('optional')),
  };
}
