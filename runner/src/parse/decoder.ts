import { PipelineError } from '../pipeline/pipeline-error.ts';
import { unknownKey } from './known-keys.ts';
import { resolveScalar, TYPE_TAG, truncated } from './yaml-scalar.ts';
import type { YamlNode } from './yaml-tree.ts';

/** The named fields of a map; absent and null are treated alike. */
export type Fields = ReadonlyMap<string, YamlNode>;

/** Maximum number of items in a list: more than a Pod can contain of anything. */
const MAX_STRUCTS = 2_000;
const MAX_PROBLEMS = 50;
const MAX_WARNINGS = 50;

/**
 * Reads typed values from a YAML tree and collects type errors, so that an author sees all of them at once
 * (previous-runner §3.3). Every method accepts undefined for an absent field and returns that type's empty value.
 */
export class Decoder {
  private readonly problems: { readonly line: number; readonly text: string }[] = [];
  private readonly warningTexts = new Set<string>();
  private moreWarnings = 0;

  /** Warnings about values that are interpreted differently than they look. */
  get warnings(): readonly string[] {
    const more = this.moreWarnings === 0 ? [] : [`and ${this.moreWarnings} more warnings`];
    return [...this.warningTexts, ...more];
  }

  warn(line: number, text: string): void {
    if (this.warningTexts.size < MAX_WARNINGS) this.warningTexts.add(`line ${line}: ${text}`);
    else this.moreWarnings += 1;
  }

  problem(line: number, text: string): void {
    this.problems.push({ line, text });
  }

  /** @throws {PipelineError} `yaml`, if there were type errors */
  finish(): void {
    if (this.problems.length === 0) return;
    const ordered = this.problems.toSorted((a, b) => a.line - b.line);
    const shown = ordered.slice(0, MAX_PROBLEMS).map(({ line, text }) => `  line ${line}: ${text}`);
    if (this.problems.length > MAX_PROBLEMS) shown.push(`  and ${this.problems.length - MAX_PROBLEMS} more`);
    throw new PipelineError('yaml', ['yaml: unmarshal errors:', ...shown].join('\n'));
  }

  mismatch(node: YamlNode, type: string): void {
    this.problem(node.line, `cannot unmarshal ${describe(node)} into ${type}`);
  }

  text(node: YamlNode | undefined): string {
    if (node === undefined) return '';
    if (node.kind !== 'scalar') {
      this.mismatch(node, 'string');
      return '';
    }
    const value = resolveScalar(node);
    if (value.kind === 'null') return '';
    return value.kind === 'text' ? value.value : node.text;
  }

  /** Whole number within JavaScript's exact range; fractions are truncated, as in the old runner. Undefined if absent. */
  optionalInteger(node: YamlNode | undefined): number | undefined {
    if (node === undefined || isNull(node)) return undefined;
    const value = integerOf(node);
    if (value === undefined) this.mismatch(node, 'int');
    return value ?? 0;
  }

  integer(node: YamlNode | undefined): number {
    return this.optionalInteger(node) ?? 0;
  }

  bool(node: YamlNode | undefined): boolean {
    if (node === undefined || isNull(node)) return false;
    const value = node.kind === 'scalar' ? resolveScalar(node) : undefined;
    if (value?.kind === 'bool') return value.value;
    this.mismatch(node, 'bool');
    return false;
  }

  texts(node: YamlNode | undefined): readonly string[] {
    return this.items(node, '[]string').map((item) => this.text(item));
  }

  textMap(node: YamlNode | undefined): Readonly<Record<string, string>> {
    return Object.fromEntries(
      this.entries(node, 'map[string]string').map(([key, value]) => [key, this.text(value)]),
    );
  }

  /** Key texts and values of a map, in order. */
  entries(node: YamlNode | undefined, type: string): readonly (readonly [string, YamlNode])[] {
    if (node === undefined || isNull(node)) return [];
    if (node.kind === 'map') return node.entries.map(([key, value]) => [this.text(key), value] as const);
    this.mismatch(node, type);
    return [];
  }

  /** `part`: its name in the table of known keys, if that isn't `type`. Unknown keys are warned of. */
  fields(node: YamlNode | undefined, type: string, part = type): Fields {
    const fields = new Map(this.entries(node, type));
    for (const [key, value] of fields) {
      const warning = unknownKey(key, part);
      if (warning !== undefined) this.warn(value.line, warning);
    }
    return fields;
  }

  /** Items that are decoded by `read`. */
  structs<T>(node: YamlNode | undefined, type: string, read: (item: YamlNode) => T): readonly T[] {
    const items = this.items(node, `[]${type}`);
    if (node !== undefined && items.length > MAX_STRUCTS) {
      this.problem(node.line, `more than ${MAX_STRUCTS} items`);
      return [];
    }
    return items.map(read);
  }

  private items(node: YamlNode | undefined, type: string): readonly YamlNode[] {
    if (node === undefined || isNull(node)) return [];
    if (node.kind === 'seq') return node.items;
    this.mismatch(node, type);
    return [];
  }
}

/** Null, or no value after the key. */
export const isNull = (node: YamlNode): boolean =>
  node.kind === 'scalar' && resolveScalar(node).kind === 'null';

function integerOf(node: YamlNode): number | undefined {
  return node.kind === 'scalar' ? truncated(resolveScalar(node)) : undefined;
}

function describe(node: YamlNode): string {
  if (node.kind !== 'scalar') return `!!${node.kind}`;
  const tag =
    node.tag.startsWith('!') && !node.tag.startsWith('!!') && node.tag !== '!' ? node.tag : undefined;
  const shown = node.text.length > 10 ? `${node.text.slice(0, 7)}...` : node.text;
  return `${tag ?? TYPE_TAG[resolveScalar(node).kind]} \`${shown}\``;
}
