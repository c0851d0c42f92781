import type { FieldPath } from '../pipeline/pipeline.ts';
import { isLabelValue, isQualifiedName } from './kubernetes-names.ts';
import { refuse } from './refuse.ts';
import type { Policy } from './settings.ts';

type Words = Readonly<Record<string, string>>;

/** The author of a value, pipeline author or operator, and its place. */
export interface Writer {
  readonly code: 'invalid-pipeline' | 'invalid-settings';
  readonly place: string;
  /** The same as a path, if it is in the pipeline. */
  readonly at?: FieldPath;
}

export const byAuthor = (place: string, at: FieldPath = place.split('.')): Writer => ({
  code: 'invalid-pipeline',
  place,
  at,
});
export const byOperator = (place: string): Writer => ({ code: 'invalid-settings', place });
export const byPolicy = (policy: Policy | undefined, place: string): Writer =>
  byOperator(`policy ${JSON.stringify(policy?.name ?? '')}, ${place}`);

/** Checks keys by the rules of Kubernetes; throws an error that names the place otherwise (known issue 46). */
export function checkedKeys(words: Words, { code, place, at = [] }: Writer): Words {
  const odd = Object.keys(words).find((key) => !isQualifiedName(key));
  if (odd === undefined) return words;
  return refuse(
    code,
    `${place}: key ${JSON.stringify(odd)} must be at most 63 letters, digits, "-", "_" or ".", optionally after a domain and "/"`,
    [...at, odd],
  );
}

/** Checks label keys and values; throws an error that names the place otherwise (known issue 46). */
export function checkedLabels(labels: Words, writer: Writer): Words {
  const odd = Object.entries(checkedKeys(labels, writer)).find(([, value]) => !isLabelValue(value));
  if (odd === undefined) return labels;
  return refuse(
    writer.code,
    `${writer.place}: ${odd[0]} cannot be ${JSON.stringify(odd[1])}; write at most 63 letters, digits, "-", "_" or ".", beginning and ending with a letter or digit`,
    [...(writer.at ?? []), odd[0]],
  );
}
