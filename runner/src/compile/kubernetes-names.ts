/** The rules of Kubernetes for names; its API refuses the whole Pod if one is invalid. */

const LABEL = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;
const LABEL_VALUE = /^(?:[A-Za-z0-9](?:[A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?)?$/;
const NAME_PART = /^[A-Za-z0-9](?:[A-Za-z0-9_.-]{0,61}[A-Za-z0-9])?$/;
const VARIABLE = /^[-._a-zA-Z][-._a-zA-Z0-9]*$/;

/** A DNS label: names of namespaces and containers. */
export const isDnsLabel = (text: string): boolean => LABEL.test(text);

/** A DNS subdomain (RFC 1123), at most 253 characters: names of most objects, hosts. */
export const isDnsSubdomain = (text: string): boolean =>
  text.length <= 253 && text.split('.').every((part) => /^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$/.test(part));

export const isLabelValue = (text: string): boolean => LABEL_VALUE.test(text);

/** Key of a label or annotation: a name of up to 63 characters, after an optional DNS prefix and a slash. */
export function isQualifiedName(text: string): boolean {
  const [first = '', second, ...rest] = text.split('/');
  if (rest.length > 0) return false;
  if (second === undefined) return NAME_PART.test(first);
  return isDnsSubdomain(first) && NAME_PART.test(second);
}

/** Name of an environment variable in a container spec (before the relaxation of Kubernetes 1.34). */
export const isVariableName = (text: string): boolean => VARIABLE.test(text);

/** Converts a text to a label value: transliterated, lower case, at most 63 characters (previous-runner §4.15, known issue 46). */
export function slug(text: string): string {
  return text
    .trim()
    .replaceAll('&', 'and')
    .replaceAll('@', 'at')
    .replace(/['"‘’“”`]/g, '')
    .replace(/[‒–—―]/g, '-')
    .normalize('NFKD')
    .replace(/\p{M}/gu, '')
    .replaceAll('ß', 'ss')
    .toLowerCase()
    .replace(/[^a-z0-9_-]/g, '-')
    .replace(/-+/g, '-')
    .replace(/^[-_]+/, '')
    .slice(0, 63)
    .replace(/[-_]+$/, '');
}
