import { errorText } from '@hangar/shared/error-text';
import type { Manifest, Pipeline, SecretDocument } from '../pipeline/pipeline.ts';
import { PipelineError } from '../pipeline/pipeline-error.ts';
import { Decoder } from './decoder.ts';
import { type SourceDocument, splitDocuments } from './documents.ts';
import { misspeltDocument } from './known-keys.ts';
import { nodeAt } from './place-of.ts';
import { type ReadPipeline, readPipeline } from './read-pipeline.ts';
import type { Remark } from './remark.ts';
import type { YamlNode } from './yaml-node.ts';
import { withoutScalar } from './yaml-subtree.ts';
import { parseYamlTree, TokenBudget, YamlSyntaxError } from './yaml-tree.ts';

/** The fields that all documents share; their types are checked even if the document is for another runner (previous-runner §3.1). */
function readHead(decoder: Decoder, node: YamlNode): { readonly kind: string; readonly type: string } {
  const fields = decoder.fields(node, 'document');
  for (const key of ['version', 'name'] as const) decoder.text(fields.get(key));
  decoder.texts(fields.get('depends_on'));
  decoder.textMap(fields.get('node'));
  decoder.integer(decoder.fields(fields.get('concurrency'), 'concurrency').get('limit'));
  const platform = decoder.fields(fields.get('platform'), 'platform');
  for (const key of ['os', 'arch', 'variant', 'version'] as const) decoder.text(platform.get(key));
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

/** What one document holds for this runner. */
interface ReadDocument {
  readonly pipelines: readonly ReadPipeline[];
  readonly secrets: readonly SecretDocument[];
}

function readDocument(decoder: Decoder, tree: YamlNode): ReadDocument {
  const { kind, type } = readHead(decoder, tree);
  const misspelt = misspeltDocument(kind, type);
  if (misspelt !== undefined) decoder.warn(tree, misspelt);
  if (tree.kind === 'map' && !nodeAt(tree, ['kind']).isThere)
    decoder.warn(tree, 'the document is skipped, because it has no `kind`: pipelines need `kind: pipeline`');
  const isOurs = kind === 'pipeline' && type === 'kubernetes';
  return {
    secrets: kind === 'secret' ? [readSecret(decoder, tree)] : [],
    pipelines: isOurs ? [readPipeline(decoder, tree)] : [],
  };
}

function readManifest(text: string): Manifest {
  const decoder = new Decoder();
  const budget = new TokenBudget();
  const read = splitDocuments(text).map((document) => readDocument(decoder, parseYamlTree(document, budget)));
  decoder.finish();
  const pipelines = read.flatMap((document) => document.pipelines);
  const [problem] = pipelines.flatMap(({ problems }) => problems);
  if (problem !== undefined) throw problem;
  return {
    pipelines: pipelines.map(({ pipeline }) => pipeline),
    secrets: read.flatMap(({ secrets }) => secrets),
    warnings: decoder.warnings,
  };
}

/** One document with all that the parser found in it, for reports: nothing of it keeps the rest from being read. */
export interface InspectedDocument {
  /** Absent if it is no YAML. */
  readonly tree?: YamlNode;
  /** Without the values that have a type error. */
  readonly pipelines: readonly Pipeline[];
  readonly errors: readonly Remark[];
  /** Values of a wrong type, with their exact places. */
  readonly typeErrors: readonly Remark[];
  readonly warnings: readonly Remark[];
}

/** More values of one document that cannot be read are not searched for. */
const MOST_UNREADABLE = 50;

/** As `parseManifest`, for a report of everything: each document on its own, errors with their places. */
export function inspectManifest(text: string): readonly InspectedDocument[] {
  const budget = new TokenBudget();
  return splitDocuments(text).map((document) => inspected(document, budget));
}

function inspected(document: SourceDocument, budget: TokenBudget): InspectedDocument {
  try {
    return readAll(parseYamlTree(document, budget), document);
  } catch (error) {
    return {
      pipelines: [],
      errors: syntaxErrors(error).map((one) => remarkOf(one, document)),
      typeErrors: [],
      warnings: [],
    };
  }
}

/** Reading ends at a value that its tag does not fit: without it, the rest is read. */
function readAll(
  tree: YamlNode,
  document: SourceDocument,
  unreadable: readonly Remark[] = [],
): InspectedDocument {
  const decoder = new Decoder();
  try {
    const { pipelines } = readDocument(decoder, tree);
    const typeErrors = decoder.problemRemarks.map((one) => ({ ...one, message: `yaml: ${one.message}` }));
    return {
      tree,
      pipelines: pipelines.map(({ pipeline }) => pipeline),
      errors: pipelines.flatMap(({ problems }) => problems.map((one) => remarkOf(one, document))),
      typeErrors: [...unreadable, ...typeErrors],
      warnings: decoder.warningRemarks,
    };
  } catch (error) {
    const found = [...unreadable, remarkOf(asPipelineError(error), document)];
    const place = error instanceof PipelineError ? error.place : undefined;
    const rest = place && found.length < MOST_UNREADABLE ? withoutScalar(tree, place) : undefined;
    if (rest !== undefined) return readAll(rest, document, found);
    return { tree, pipelines: [], errors: [], typeErrors: found, warnings: decoder.warningRemarks };
  }
}

/** The message without the line, which a remark has. */
const remarkOf = ({ message, place }: PipelineError, { firstLine }: SourceDocument): Remark => ({
  ...(place ?? { line: firstLine, column: 1 }),
  message: message.replace(/^yaml: line \d+: /, 'yaml: '),
});

const syntaxErrors = (error: unknown): readonly PipelineError[] =>
  error instanceof YamlSyntaxError ? [error, ...error.others] : [asPipelineError(error)];

/** The YAML library is third-party: an unexpected exception of it becomes an error of this file, so that the process continues. */
function asPipelineError(error: unknown): PipelineError {
  if (error instanceof PipelineError) return error;
  return new PipelineError('yaml', `yaml: cannot be read: ${errorText(error)}`, { cause: error });
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
    throw asPipelineError(error);
  }
}
