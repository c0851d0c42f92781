/**
 * Declarative settings: each is described once, and the description yields its value, its error messages and its row in
 * `docs/configuration.md`. An empty variable counts as unset.
 */

/** Parses the text of a variable. */
export type ReadValue<T> = (text: string) => { readonly value: T } | { readonly wrong: string };

/** One setting. `T` is the type of its parsed value. */
export interface Setting<T> {
  readonly name: string;
  /** Former names, read before `name`; if one is set, it takes precedence. */
  readonly legacyNames: readonly string[];
  readonly section: string;
  /** One sentence: its purpose. */
  readonly description: string;
  /** How a value is written, for documentation: `bytes, such as 100Mi`. */
  readonly type: string;
  /** The default; empty text if there is none. */
  readonly unit: string;
  /** The default as documented; empty = none. */
  readonly defaultText: string;
  /** Difference from the previous runner, or the version that added it; empty = none. */
  readonly note: string;
  readonly required: boolean;
  /** The value is never shown in an error message. */
  readonly secret: boolean;
  readonly fallback: T;
  readonly read: ReadValue<T>;
}

/** Optional parts of a description, beyond type and default. */
export interface SettingInfo {
  readonly section: string;
  readonly description: string;
  readonly unit?: string;
  readonly note?: string;
  readonly defaultText?: string;
  readonly legacyNames?: readonly string[];
  readonly required?: boolean;
  readonly secret?: boolean;
}

/** Describes a setting of any type. */
export function setting<T>(
  name: string,
  kind: { type: string; read: ReadValue<T>; show?(value: T): string },
  fallback: T,
  about: SettingInfo,
): Setting<T> {
  const { unit = '', note = '', legacyNames = [], required = false, secret = false } = about;
  const { type, read } = kind;
  const defaultText = about.defaultText ?? kind.show?.(fallback) ?? shown(fallback);
  return { name, fallback, type, read, ...about, unit, note, legacyNames, required, secret, defaultText };
}

function shown(value: unknown): string {
  if (value === undefined || value === '') return '';
  if (Array.isArray(value)) return value.join(',');
  if (typeof value === 'object' && value !== null)
    return Object.entries(value)
      .map(([k, v]) => `${k}:${v}`)
      .join(',');
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
    ? `${value}`
    : '';
}

/** A table of settings, keyed by the name that the program uses. */
export type Settings = Readonly<Record<string, Setting<unknown>>>;

/** The values of a table. */
export type SettingValues<S extends Settings> = {
  readonly [K in keyof S]: S[K] extends Setting<infer T> ? T : never;
};

/** Variables by name. */
export type Environment = Readonly<Record<string, string | undefined>>;

/**
 * Parses a whole table at once.
 *
 * @returns all values (the default where a value is invalid), and every problem, each with variable, error and remedy
 */
export function readSettings<S extends Settings>(
  settings: S,
  env: Environment,
): { values: SettingValues<S>; problems: string[] } {
  const problems: string[] = [];
  const entries = Object.entries(settings).map(([word, one]) => [word, readOne(one, env, problems)]);
  return { values: Object.fromEntries(entries) as SettingValues<S>, problems };
}

function readOne(one: Setting<unknown>, env: Environment, problems: string[]): unknown {
  const name = [...one.legacyNames, one.name].find((candidate) => isSet(env[candidate])) ?? one.name;
  const text = env[name];
  if (text === undefined || !isSet(text)) {
    if (one.required) problems.push(`${one.name} is not set, and is required. ${one.description}`);
    return one.fallback;
  }
  const result = one.read(text);
  if ('value' in result) return result.value;
  const given = one.secret ? '' : ` (given: ${JSON.stringify(text.slice(0, 200))})`;
  problems.push(`${name} ${result.wrong}${given}. Write ${one.type}`);
  return one.fallback;
}

function isSet(text: string | undefined): boolean {
  return text !== undefined && text.trim() !== '';
}
