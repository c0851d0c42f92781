import { isDeepStrictEqual } from 'node:util';
import { PipelineError } from '../pipeline/pipeline-error.ts';
import type { SourceDocument } from './documents.ts';
import type { YamlNode } from './yaml-node.ts';
import { composeYaml, parseYamlTree } from './yaml-tree.ts';

/** Long lines stay as they are: a script must not be folded. */
const STYLE = { indent: 2, indentSeq: true, lineWidth: 0, flowCollectionPadding: true } as const;
const LINE_END = /\r?\n/;

/** A document of a file, or a line between documents, which stays as it is. */
type Piece = { readonly document: SourceDocument } | { readonly separator: string };

/**
 * The pipeline file with an indentation of two spaces and single spaces between values and comments. Comments, blank lines, quotes and the
 * style of scripts stay. Its meaning does not change. Pure.
 *
 * @throws {PipelineError} `yaml`, for a file that cannot be read, or whose meaning would change
 */
export function formatFile(text: string): string {
  const eol = /\r\n/.test(text) && !/(^|[^\r])\n/.test(text) ? '\r\n' : '\n';
  const formatted = piecesOf(text).map((piece) =>
    'separator' in piece ? `${piece.separator}\n` : formatDocument(piece.document),
  );
  return formatted.join('').replaceAll('\n', eol);
}

/** The pieces of a file, by the same lines as in `splitDocuments`. All that follows `...` is one separator. */
function piecesOf(text: string): readonly Piece[] {
  const pieces: Piece[] = [];
  const lines = text.replace(/\r?\n$/, '').split(LINE_END);
  let open: string[] = [];
  const close = (end: number): void => {
    if (open.length > 0)
      pieces.push({
        document: { text: open.map((line) => `${line}\n`).join(''), firstLine: end - open.length + 1 },
      });
    open = [];
  };
  for (const [index, line] of lines.entries()) {
    if (line.startsWith('...')) {
      close(index);
      return [...pieces, { separator: lines.slice(index).join('\n') }];
    }
    if (line.startsWith('---')) {
      close(index);
      pieces.push({ separator: line });
    } else open.push(line);
  }
  close(lines.length);
  return pieces;
}

function formatDocument(document: SourceDocument): string {
  const before = parseYamlTree(document);
  const text = settled(document);
  if (isDeepStrictEqual(meaningOf(text), meaning(before))) return text;
  throw new PipelineError('yaml', 'yaml: the document cannot be formatted without a change of its meaning', {
    place: { line: document.firstLine, column: 1 },
  });
}

/** Rarely a comment moves once more, beside an empty value for example. */
const MOST_PASSES = 4;

function settled(document: SourceDocument): string {
  let { text } = document;
  for (let pass = 0; pass < MOST_PASSES; pass++) {
    const next = written({ ...document, text });
    if (next === text) break;
    text = next;
  }
  return text;
}

function written(document: SourceDocument): string {
  const { yaml } = composeYaml(document);
  if (yaml?.contents === undefined || yaml.contents === null) return `${document.text.trimEnd()}\n`;
  return yaml.toString(STYLE);
}

/** @returns undefined for a text that cannot be read */
function meaningOf(text: string): unknown {
  try {
    return meaning(parseYamlTree({ text, firstLine: 1 }));
  } catch (error) {
    if (error instanceof PipelineError) return undefined;
    throw error;
  }
}

/** The tree without its places. */
function meaning(node: YamlNode): unknown {
  switch (node.kind) {
    case 'scalar':
      return [node.text, node.plain, node.tag];
    case 'seq':
      return node.items.map(meaning);
    case 'map':
      return { entries: node.entries.map(([key, value]) => [meaning(key), meaning(value)]) };
  }
}
