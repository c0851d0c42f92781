import type { FieldPath, PipelineVolume } from '../pipeline/pipeline.ts';
import { type Decoder, type Fields, isNull } from './decoder.ts';
import { readBytes } from './read-step.ts';
import type { YamlNode } from './yaml-node.ts';

/** In order of precedence (previous-runner §3.7). */
const SOURCES = ['temp', 'cache', 'host', 'claim', 'config_map', 'secret'] as const;
type Source = (typeof SOURCES)[number];

/** A volume with its source; `none` if there is none, as with an empty `temp:`. */
export function readVolume(decoder: Decoder, node: YamlNode, at: FieldPath): PipelineVolume {
  const fields = decoder.fields(node, 'volume');
  const name = decoder.text(fields.get('name'));
  const [source, ...more] = SOURCES.filter((key) => {
    const value = fields.get(key);
    return value !== undefined && !isNull(value);
  });
  if (source === undefined) return { name, kind: 'none', at };
  if (more.length > 0) decoder.warn(node, `volume ${name} has more than one source: \`${source}\` is used`);
  return { name, at, ...READERS[source](decoder, fields.get(source)) };
}

type VolumeSource = PipelineVolume extends infer V
  ? V extends unknown
    ? Omit<V, 'name' | 'at'>
    : never
  : never;

type Reader = (decoder: Decoder, node: YamlNode | undefined) => VolumeSource;

const READERS: Readonly<Record<Source, Reader>> = {
  temp: (decoder, node) => {
    const fields = decoder.fields(node, 'temp');
    return {
      kind: 'temp',
      medium: decoder.text(fields.get('medium')),
      sizeLimitBytes: readBytes(decoder, fields.get('size_limit')),
    };
  },
  cache: (decoder, node) => {
    decoder.fields(node, 'cache');
    return { kind: 'cache' };
  },
  host: (decoder, node) => ({
    kind: 'host',
    path: decoder.text(decoder.fields(node, 'host').get('path')),
  }),
  claim: (decoder, node) => {
    const fields = decoder.fields(node, 'claim');
    return {
      kind: 'claim',
      claimName: decoder.text(fields.get('name')),
      readOnly: decoder.bool(fields.get('read_only')),
    };
  },
  config_map: (decoder, node) => {
    const fields = decoder.fields(node, 'config_map');
    return {
      kind: 'config_map',
      configMapName: decoder.text(fields.get('name')),
      ...projection(decoder, fields),
    };
  },
  secret: (decoder, node) => {
    const fields = decoder.fields(node, 'secret volume', 'secret');
    return { kind: 'secret', secretName: decoder.text(fields.get('name')), ...projection(decoder, fields) };
  },
};

/** Known issue 45: an omitted mode stays unset, so that Kubernetes' own default (0644) applies. */
function projection(
  decoder: Decoder,
  fields: Fields<'config_map' | 'secret volume'>,
): { defaultMode: number | undefined; optional: boolean } {
  return {
    defaultMode: decoder.optionalInteger(fields.get('default_mode')),
    optional: decoder.bool(fields.get('optional')),
  };
}
