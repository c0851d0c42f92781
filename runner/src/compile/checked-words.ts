import type { FieldPath } from '../pipeline/pipeline.ts';
import { isLabelValue, isQualifiedName } from './kubernetes-names.ts';
import { checkAll, each, refuse } from './refuse.ts';
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
  each(Object.keys(words), (key) => {
    if (!isQualifiedName(key))
      refuse(
        code,
        `${place}: key ${JSON.stringify(key)} must be at most 63 letters, digits, "-", "_" or ".", optionally after a domain and "/"`,
        [...at, key],
      );
  });
  return words;
}

/** Checks label keys and values; throws an error that names the place otherwise (known issue 46). */
export function checkedLabels(labels: Words, writer: Writer): Words {
  checkAll(
    () => checkedKeys(labels, writer),
    () => {
      each(Object.entries(labels), (label) => checkLabelValue(label, writer));
    },
  );
  return labels;
}

function checkLabelValue([key, value]: readonly [string, string], { code, place, at = [] }: Writer): void {
  if (!isLabelValue(value))
    refuse(
      code,
      `${place}: ${key} cannot be ${JSON.stringify(value)}; write at most 63 letters, digits, "-", "_" or ".", beginning and ending with a letter or digit`,
      [...at, key],
    );
}
