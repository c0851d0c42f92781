import { maybeMeant } from '@hangar/shared/program/nearest';
import { ANCHOR_KEYS, DEVICE_KEY, fieldsOf, type Part, STRICT_PARTS } from './fields.ts';

const KINDS = ['pipeline', 'secret', 'signature', 'template', 'cron'];
const TYPES = ['kubernetes', 'docker', 'exec', 'ssh', 'digitalocean', 'macstadium', 'aws', 'vm'];

/** Of documents of any kind only the common fields are read; the others are the matter of whoever reads them. */
const OPEN_PARTS: readonly Part[] = ['document', 'concurrency'];

/** Longer keys are not treated as misspellings. */
const MAX_WORD_CHARS = 40;

/** The key that Kubernetes spells in this way: `nodeSelector` → `node_selector`. */
const inSnakeCase = (word: string): string => word.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

const guess = (word: string, known: readonly string[]): string => {
  const snake = inSnakeCase(word);
  const near = (): string | undefined => (word.length > MAX_WORD_CHARS ? undefined : maybeMeant(word, known));
  const meant = known.includes(snake) ? snake : near();
  return meant === undefined ? '' : `; did you mean \`${meant}\`?`;
};

/** Whether an unknown key of this part is an error. */
export const isStrict = (part: Part): boolean => STRICT_PARTS.includes(part);

/** A remark about a key that has no effect; undefined if it is known, or if an author may choose it. */
export function unknownKey(key: string, part: Part): string | undefined {
  const fields = fieldsOf(part) ?? {};
  if (part === 'step amount' && DEVICE_KEY.test(key)) return undefined;
  if (Object.hasOwn(fields, key) || OPEN_PARTS.includes(part) || ANCHOR_KEYS.test(key)) return undefined;
  const shown = key.length > MAX_WORD_CHARS ? `${key.slice(0, MAX_WORD_CHARS)}...` : key;
  const isIgnored = isStrict(part) ? '' : ' is ignored';
  return `unknown key \`${shown}\` of ${part}${isIgnored}${guess(key, Object.keys(fields))}`;
}

/** A warning about a document that is skipped, probably because its kind or type is misspelt. */
export function misspeltDocument(kind: string, type: string): string | undefined {
  const [word, name, known] =
    kind === 'pipeline' ? ([type, 'type', TYPES] as const) : ([kind, 'kind', KINDS] as const);
  const hint = known.includes(word) ? '' : guess(word, known);
  return hint === '' ? undefined : `the document of ${name} \`${word}\` is skipped${hint}`;
}
