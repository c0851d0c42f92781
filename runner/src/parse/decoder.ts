import { type ErrorPlace, PipelineError } from '../pipeline/pipeline-error.ts';
import { fieldsOf, type KeyOf, type Part } from './fields.ts';
import { isStrict, unknownKey } from './known-keys.ts';
import type { Remark } from './remark.ts';
import { SettingNames } from './setting-names.ts';
import type { YamlNode } from './yaml-node.ts';
import { resolveScalar, TYPE_TAG, truncated } from './yaml-scalar.ts';

/** The named fields of a part; absent and null are treated alike. */
export interface Fields<P extends Part> {
  get(key: KeyOf<P>): YamlNode | undefined;
}

/** Maximum number of items in a list: more than a Pod can contain of anything. */
const MAX_STRUCTS = 2_000;
const MAX_PROBLEMS = 50;
const MAX_WARNINGS = 50;

/**
 * Reads typed values from a YAML tree and collects type errors, so that an author sees all of them at once
 * (previous-runner §3.3). Every method accepts undefined for an absent field and returns that type's empty value.
 */
export class Decoder {
  readonly settingNames = new SettingNames();
  /** By place and text: fields of all documents are read again as those of a pipeline. */
  private readonly problems = new Map<string, Remark>();
  /** By text, so that no warning comes twice. */
  private readonly warnedOf = new Map<string, Remark>();
  private moreWarnings = 0;

  /** Warnings about values that are interpreted differently than they look. */
  get warnings(): readonly string[] {
    const more = this.moreWarnings === 0 ? [] : [`and ${this.moreWarnings} more warnings`];
    return [...this.warnedOf.keys(), ...more];
  }

  /** The same warnings with their places, as far as they are kept. */
  get warningRemarks(): readonly Remark[] {
    return [...this.warnedOf.values()];
  }

  /** The type errors, by line. */
  get problemRemarks(): readonly Remark[] {
    return [...this.problems.values()].toSorted((a, b) => a.line - b.line);
  }

  warn({ line, column }: ErrorPlace, message: string): void {
    if (this.warnedOf.size < MAX_WARNINGS)
      this.warnedOf.set(`line ${line}: ${message}`, { line, column, message });
    else this.moreWarnings += 1;
  }

  problem({ line, column }: ErrorPlace, message: string): void {
    this.problems.set(`${line}:${column} ${message}`, { line, column, message });
  }

  /** @throws {PipelineError} `yaml`, if there were type errors */
  finish(): void {
    if (this.problems.size === 0) return;
    const ordered = this.problemRemarks;
    const shown = ordered.slice(0, MAX_PROBLEMS).map(({ line, message }) => `  line ${line}: ${message}`);
    if (ordered.length > MAX_PROBLEMS) shown.push(`  and ${ordered.length - MAX_PROBLEMS} more`);
    throw new PipelineError('yaml', ['yaml: unmarshal errors:', ...shown].join('\n'));
  }

  mismatch(node: YamlNode, type: string): void {
    this.problem(node, `cannot unmarshal ${describe(node)} into ${type}`);
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

  /**
   * Unknown keys are warned of; in parts that are read strictly, they are type errors.
   *
   * @param type its name in messages, if that isn't the part's
   */
  fields<P extends Part>(node: YamlNode | undefined, part: P, type: string = part): Fields<P> {
    const fields = new Map(this.entries(node, type));
    if (node?.kind !== 'map') return fields;
    for (const [key] of node.entries) {
      const warning = key.kind === 'scalar' ? unknownKey(this.text(key), part) : undefined;
      if (warning === undefined) continue;
      if (isStrict(part)) this.problem(key, warning);
      else this.warn(key, warning);
    }
    return fields;
  }

  /** Warns of keys that have no effect here. @param owner what has them, in the message */
  warnUnsupported(node: YamlNode, part: Part, owner: string): void {
    if (node.kind !== 'map') return;
    for (const [key] of node.entries) {
      const name = key.kind === 'scalar' ? key.text : '';
      if (fieldsOf(part)?.[name]?.support !== 'none') continue;
      this.warn(key, `\`${name}\` of ${owner} is not supported by the Kubernetes runner and was ignored`);
    }
  }

  /** Items that are decoded by `read`. */
  structs<T>(
    node: YamlNode | undefined,
    type: string,
    read: (item: YamlNode, index: number) => T,
  ): readonly T[] {
    const items = this.items(node, `[]${type}`);
    if (node !== undefined && items.length > MAX_STRUCTS) {
      this.problem(node, `more than ${MAX_STRUCTS} items`);
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
