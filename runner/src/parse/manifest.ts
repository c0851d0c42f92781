import { errorText } from '@hangar/shared/error-text';
import type { Manifest, Pipeline, SecretDocument } from '../pipeline/pipeline.ts';
import { PipelineError } from '../pipeline/pipeline-error.ts';
import { Decoder } from './decoder.ts';
import { splitDocuments } from './documents.ts';
import { misspeltDocument } from './known-keys.ts';
import { readPipeline } from './read-pipeline.ts';
import { parseYamlTree, TokenBudget, type YamlNode } from './yaml-tree.ts';

/** The fields that all documents share; their types are checked even if the document is for another runner (previous-runner §3.1). */
function readHead(decoder: Decoder, node: YamlNode): { readonly kind: string; readonly type: string } {
  const fields = decoder.fields(node, 'document');
  for (const key of ['version', 'name']) decoder.text(fields.get(key));
  decoder.texts(fields.get('depends_on'));
  decoder.textMap(fields.get('node'));
  decoder.integer(decoder.fields(fields.get('concurrency'), 'concurrency').get('limit'));
  const platform = decoder.fields(fields.get('platform'), 'platform');
  for (const key of ['os', 'arch', 'variant', 'version']) decoder.text(platform.get(key));
  return { kind: decoder.text(fields.get('kind')), type: decoder.text(fields.get('type')) };
}

/** A `kind: secret` document (previous-runner §3.9). */
function readSecret(decoder: Decoder, node: YamlNode): SecretDocument {
  const fields = decoder.fields(node, 'secret');
  const get = decoder.fields(fields.get('get'), 'get');
  const path = decoder.text(get.get('path'));
  const name = decoder.text(get.get('name'));
  return {
    name: decoder.text(fields.get('name')),
    data: decoder.text(fields.get('data')),
    get: path === '' && name === '' ? undefined : { path, name },
  };
}

function readManifest(text: string): Manifest {
  const decoder = new Decoder();
  const budget = new TokenBudget();
  const pipelines: (() => Pipeline)[] = [];
  const secrets: SecretDocument[] = [];
  for (const document of splitDocuments(text)) {
    const tree = parseYamlTree(document, budget);
    const { kind, type } = readHead(decoder, tree);
    const misspelt = misspeltDocument(kind, type);
    if (misspelt !== undefined) decoder.warn(tree.line, misspelt);
    if (kind === 'secret') secrets.push(readSecret(decoder, tree));
    if (kind === 'pipeline' && type === 'kubernetes') pipelines.push(readPipeline(decoder, tree));
  }
  decoder.finish();
  return { pipelines: pipelines.map((judge) => judge()), secrets, warnings: decoder.warnings };
}

/**
 * Parses a pipeline file after substitution: the documents for this runner (previous-runner §3.1, §3.3 to §3.11).
 * Documents of other kinds and types are skipped, unknown keys ignored. Lines are those of the substituted text.
 *
 * @throws {PipelineError} `yaml` (`yaml: line N: ...`, or `yaml: unmarshal errors:` and a line for each), `lint` for previous-runner §3.11
 */
export function parseManifest(text: string): Manifest {
  try {
    return readManifest(text);
  } catch (error) {
    if (error instanceof PipelineError) throw error;
    // The YAML library is third-party: an unexpected exception of it becomes an error of this file, so that the process continues.
    const reason = errorText(error);
    throw new PipelineError('yaml', `yaml: cannot be read: ${reason}`, { cause: error });
  }
}
