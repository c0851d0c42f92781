import {
  type Alias,
  Composer,
  type CST,
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  Parser,
  Scalar,
  type YAMLMap,
  type YAMLParseError,
  type YAMLSeq,
} from 'yaml';
import { type ErrorPlace, PipelineError } from '../pipeline/pipeline-error.ts';
import type { SourceDocument } from './documents.ts';
import { lexemes } from './lexemes.ts';
import { readPlainYaml } from './plain-yaml.ts';
import type { YamlMap, YamlNode, YamlScalar, YamlSeq } from './yaml-node.ts';

/** Maximum nesting; limits every recursion over the tree far below the stack size. */
const MAX_DEPTH = 100;
/** Maximum number of nodes and characters that aliases may add: ten times a large pipeline. */
const MAX_ALIAS_WEIGHT = 1_000_000;
/** Maximum number of tokens in a whole file, a block of text counting as one: a megabyte of short lines, read in about two seconds. */
const MAX_TOKENS = 1_000_000;

/** The library quotes the invalid text in its message, however long. */
const MAX_MESSAGE_CHARS = 300;
/** Only that much of an invalid line is looked at. */
const MAX_LINE_CHARS = 1_000;

const TAG_PREFIX = 'tag:yaml.org,2002:';

const yamlError = (message: string, place?: ErrorPlace): PipelineError =>
  new PipelineError('yaml', `yaml: ${message}`, { place });

/** The first error of a document that is no YAML, and those that are not only due to others before. */
export class YamlSyntaxError extends PipelineError {
  readonly others: readonly PipelineError[];

  constructor({ code, message, place }: PipelineError, others: readonly PipelineError[]) {
    super(code, message, { place });
    this.others = others;
  }
}

/** More errors of one document are not told. */
const MAX_ERRORS = 50;
/** Where the document should have ended: the rest of it is read as nothing. */
const BEHIND_THE_END = / in YAML stream/;

/** By the text itself: after an error the library misses line breaks, and what is missing at the end is said to be behind it. */
function placeIn({ text, firstLine }: SourceDocument, offset: number): ErrorPlace {
  const before = text.slice(0, offset).split('\n');
  return { line: firstLine + before.length - 1, column: (before.at(-1) ?? '').length + 1 };
}

/** The library goes on after an error. What it finds on the same line, or after the document should have ended, follows from the first. */
function syntaxErrors(errors: readonly YAMLParseError[], document: SourceDocument): readonly PipelineError[] {
  const byLine = new Map<number, PipelineError>();
  for (const error of errors) {
    const place = placeIn(document, error.pos[0]);
    const isDue = byLine.has(place.line) || (byLine.size > 0 && BEHIND_THE_END.test(error.message));
    if (!isDue)
      byLine.set(place.line, yamlError(`line ${place.line}: ${messageOf(error, document.text)}`, place));
    if (byLine.size === MAX_ERRORS) break;
  }
  return [...byLine.values()];
}

/** The library's message, and the remedy for a value that looks like a key. */
function messageOf({ code, message, pos }: YAMLParseError, text: string): string {
  const short = message.slice(0, MAX_MESSAGE_CHARS);
  if (code !== 'BLOCK_AS_IMPLICIT_KEY') return short;
  const [line = ''] = text.slice(pos[0], pos[0] + MAX_LINE_CHARS).split('\n', 1);
  return /: *$/.test(line)
    ? `${short}: put quotes around a value that ends with a colon; if a variable is behind the colon, it is empty`
    : `${short}: put quotes around a value with a colon before a space`;
}

class TreeBuilder {
  private readonly placeOf: (offset: number) => ErrorPlace;
  private readonly maxWeight: number;
  private readonly anchors = new Map<string, YamlNode | 'open'>();

  constructor(placeOf: (offset: number) => ErrorPlace, maxWeight: number) {
    this.placeOf = placeOf;
    this.maxWeight = maxWeight;
  }

  /** @param around place of an absent node */
  build(node: Node | null, around: ErrorPlace): YamlNode {
    if (node === null)
      return { kind: 'scalar', text: '', plain: true, tag: '', ...around, weight: 1, depth: 0 };
    if (isAlias(node)) return this.alias(node);
    const anchor = isScalar(node) || isMap(node) || isSeq(node) ? node.anchor : undefined;
    if (anchor !== undefined) this.anchors.set(anchor, 'open');
    const built = this.checked(this.own(node, node.range ? this.placeOf(node.range[0]) : around));
    if (anchor !== undefined) this.anchors.set(anchor, built);
    return built;
  }

  private alias(node: Alias): YamlNode {
    const target = this.anchors.get(node.source);
    const place = node.range ? this.placeOf(node.range[0]) : undefined;
    if (target === undefined) throw yamlError(`unknown anchor '${node.source}' referenced`, place);
    if (target === 'open') throw yamlError(`anchor '${node.source}' value contains itself`, place);
    return target;
  }

  private own(node: Node, place: ErrorPlace): YamlNode {
    if (isMap(node)) return this.map(node as YAMLMap<Node, Node | null>, place);
    if (isSeq(node)) return this.seq(node as YAMLSeq<Node | null>, place);
    return this.scalar(node as Scalar, place);
  }

  private checked<T extends YamlNode>(node: T): T {
    if (node.depth > MAX_DEPTH)
      throw yamlError(`line ${node.line}: exceeded max depth of ${MAX_DEPTH}`, placeOfNode(node));
    this.checkWeight(node.weight);
    return node;
  }

  /** Called after every child, so that an alias bomb is refused before it is expanded. */
  private checkWeight(weight: number): void {
    if (weight > this.maxWeight) throw yamlError('document contains excessive aliasing');
  }

  private scalar(node: Scalar, place: ErrorPlace): YamlScalar {
    const text = node.source ?? (typeof node.value === 'string' ? node.value : '');
    const tag = (node.tag ?? '').replace(TAG_PREFIX, '!!');
    const plain = node.type === undefined || node.type === Scalar.PLAIN;
    return { kind: 'scalar', text, plain, tag, ...place, weight: 1 + text.length, depth: 0 };
  }

  private seq(node: YAMLSeq<Node | null>, place: ErrorPlace): YamlSeq {
    let weight = 1;
    let depth = 0;
    const items = node.items.map((item) => {
      const built = this.build(isPairLike(item) ? null : item, place);
      weight += built.weight;
      depth = Math.max(depth, built.depth + 1);
      this.checkWeight(weight);
      return built;
    });
    return { kind: 'seq', items, ...place, weight, depth };
  }

  private map(node: YAMLMap<Node, Node | null>, place: ErrorPlace): YamlMap {
    const entries = new Map<string, readonly [YamlNode, YamlNode]>();
    let weight = 1;
    let depth = 0;
    for (const pair of node.items) {
      const key = this.build(pair.key, place);
      const value = this.build(pair.value, placeOfNode(key));
      weight += key.weight + value.weight;
      depth = Math.max(depth, key.depth + 1, value.depth + 1);
      this.checkWeight(weight);
      const added = isMergeKey(key) ? mergedEntries(value) : [[key, value] as const];
      for (const entry of added) entries.set(keyOf(entry[0], entries.size), entry);
    }
    return { kind: 'map', entries: [...entries.values()], ...place, weight, depth };
  }
}

const placeOfNode = ({ line, column }: ErrorPlace): ErrorPlace => ({ line, column });

const isPairLike = (item: unknown): boolean =>
  item !== null && typeof item === 'object' && !('range' in item);

const isMergeKey = (key: YamlNode): boolean =>
  key.kind === 'scalar' && key.text === '<<' && (key.tag === '!!merge' || (key.plain && key.tag === ''));

const keyOf = (key: YamlNode, index: number): string =>
  key.kind === 'scalar' ? `=${key.text}` : `#${index}`;

/** The entries that `<<: value` adds; of several maps the first takes precedence (the entries are added in order, later ones override). */
function mergedEntries(value: YamlNode): readonly (readonly [YamlNode, YamlNode])[] {
  const maps = value.kind === 'seq' ? value.items.toReversed() : [value];
  return maps.flatMap((map) => {
    if (map.kind !== 'map')
      throw yamlError('map merge requires map or sequence of maps as the value', placeOfNode(map));
    return map.entries;
  });
}

/** Depth of the concrete syntax tree, computed without recursion; the composer below is recursive and must not get a deeper one. */
function syntaxDepth(token: unknown): number {
  let deepest = 0;
  const todo: [unknown, number][] = [[token, 0]];
  for (let next = todo.pop(); next !== undefined; next = todo.pop()) {
    const [value, depth] = next;
    if (typeof value !== 'object' || value === null) continue;
    deepest = Math.max(deepest, depth);
    if (deepest > MAX_DEPTH) return deepest;
    const { items, value: below, key } = value as { items?: unknown; value?: unknown; key?: unknown };
    if (Array.isArray(items)) for (const item of items as unknown[]) todo.push([item, depth + 1]);
    todo.push([below, depth], [key, depth]);
  }
  return deepest;
}

/** The remaining token budget of a file; shared by its documents. */
export class TokenBudget {
  private left = MAX_TOKENS;

  /** @throws {PipelineError} `yaml`, if the file has too many tokens */
  spend(): void {
    this.left -= 1;
    if (this.left < 0) throw yamlError(`file has more than ${MAX_TOKENS} tokens`);
  }
}

/** The library's own parser, fed token by token by its lexer. */
function syntaxOf(text: string, lines: LineCounter, budget: TokenBudget): readonly CST.Token[] {
  const parser = new Parser(lines.addNewLine);
  lines.addNewLine(0);
  const tokens: CST.Token[] = [];
  for (const lexeme of lexemes(text)) {
    budget.spend();
    // Nearly all of them complete no token.
    for (const token of parser.next(lexeme)) tokens.push(token);
  }
  tokens.push(...parser.end());
  if (tokens.some((token) => syntaxDepth(token) > MAX_DEPTH))
    throw yamlError(`exceeded max depth of ${MAX_DEPTH}`);
  return tokens;
}

/** A document as the library reads it, with the places of its offsets. */
export interface ComposedYaml {
  /** Undefined: there is nothing in it. */
  readonly yaml: Document.Parsed | undefined;
  readonly placeOf: (offset: number) => ErrorPlace;
}

/**
 * Reads one document without giving its scalars a meaning (YAML 1.1 as in previous-runner §3.3).
 *
 * @throws {PipelineError} `yaml`: syntax errors (`yaml: line N: ...`), excessive depth or size
 */
export function composeYaml(document: SourceDocument, budget = new TokenBudget()): ComposedYaml {
  const lines = new LineCounter();
  const placeOf = (offset: number): ErrorPlace => {
    const { line, col } = lines.linePos(offset);
    return { line: document.firstLine - 1 + line, column: col };
  };
  const tokens = syntaxOf(document.text, lines, budget);
  const composer = new Composer({
    version: '1.1',
    schema: 'failsafe',
    merge: false,
    resolveKnownTags: false,
    uniqueKeys: false,
    strict: false,
    prettyErrors: false,
    logLevel: 'silent',
  });
  const [yaml] = [...composer.compose(tokens, true, document.text.length)];
  const [error, ...others] = syntaxErrors(yaml?.errors ?? [], document);
  if (error !== undefined) throw new YamlSyntaxError(error, others);
  return { yaml, placeOf };
}

/**
 * Parses one document to a tree (YAML 1.1 as in previous-runner §3.3). Empty document: a null scalar.
 *
 * @throws {PipelineError} `yaml`: as {@link composeYaml}, and unknown or cyclic anchors, alias bombs
 */
export function parseYamlTree(document: SourceDocument, budget = new TokenBudget()): YamlNode {
  return readPlainYaml(document) ?? parseAnyYaml(document, budget);
}

/** The same for every document, by the library alone. */
export function parseAnyYaml(document: SourceDocument, budget = new TokenBudget()): YamlNode {
  const { yaml, placeOf } = composeYaml(document, budget);
  const builder = new TreeBuilder(placeOf, MAX_ALIAS_WEIGHT + 2 * document.text.length);
  return builder.build(yaml?.contents ?? null, { line: document.firstLine, column: 1 });
}
