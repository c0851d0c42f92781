import type { ErrorPlace } from '../pipeline/pipeline-error.ts';
import { inspectManifest } from './manifest.ts';
import type { PipelineFile, WantedPlaces } from './pipeline-file.ts';
import { placeOf } from './place-of.ts';
import { substituteAll } from './substitute.ts';

/**
 * Where values of a pipeline are in its file before substitution: of an alias or a merged value, where the value is written; of the value
 * of an expression, where the expression begins. An empty path has no place. Pure; reads the file again, so that only errors pay for it.
 *
 * @returns in the order of the paths; empty if the file has no such pipeline
 */
export function valuePlaces(
  { yaml, variables }: PipelineFile,
  { pipeline, paths }: WantedPlaces,
): readonly (ErrorPlace | undefined)[] {
  const { text, originOf } = substituteAll(yaml, variables);
  const found = inspectManifest(text).find(({ pipelines }) =>
    pipelines.some(({ name }) => name === pipeline),
  );
  const tree = found?.tree;
  if (tree === undefined) return [];
  return paths.map((path) => (path.length === 0 ? undefined : originOf(placeOf(tree, path))));
}
