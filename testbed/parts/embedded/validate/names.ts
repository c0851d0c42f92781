const LABEL = '[a-z0-9]([-a-z0-9]*[a-z0-9])?';
const SUBDOMAIN = `${LABEL}(\\.${LABEL})*`;
const QUALIFIED = '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]';
const LABEL_VALUE = `(${QUALIFIED})?`;
const CONFIG_KEY = '[-._a-zA-Z0-9]+';

const LONGEST_LABEL = 63;
const LONGEST_SUBDOMAIN = 253;

/** Faults of a name, as texts; none when it is right. */
export type NameCheck = (value: string) => string[];

function matches(pattern: string, value: string): boolean {
  return new RegExp(`^(?:${pattern})$`).test(value);
}

function regexText(message: string, pattern: string, ...examples: string[]): string {
  const list = examples.map((example) => `'${example}', `).join(' or ');
  return `${message} (e.g. ${list}regex used for validation is '${pattern}')`;
}

function tooMany(limit: number): string {
  return `must be no more than ${limit} characters`;
}

/** DNS-1123 label: names of containers, volumes and namespaces. */
export const dnsLabelFaults: NameCheck = (value) => {
  const faults = value.length > LONGEST_LABEL ? [tooMany(LONGEST_LABEL)] : [];
  if (matches(LABEL, value)) return faults;
  if (matches(SUBDOMAIN, value)) return [...faults, 'must not contain dots'];
  const text =
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character";
  return [...faults, regexText(text, LABEL, 'my-name', '123-abc')];
};

/** DNS-1123 subdomain: names of most objects. */
export const dnsSubdomainFaults: NameCheck = (value) => {
  const faults = value.length > LONGEST_SUBDOMAIN ? [tooMany(LONGEST_SUBDOMAIN)] : [];
  if (matches(SUBDOMAIN, value)) return faults;
  const text =
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character";
  return [...faults, regexText(text, SUBDOMAIN, 'example.com')];
};

/** Label and annotation keys: `[prefix/]name`. */
export const qualifiedNameFaults: NameCheck = (value) => {
  const parts = value.split('/');
  const text =
    "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character";
  const form = regexText(text, QUALIFIED, 'MyName', 'my.name', '123-abc');
  if (parts.length > 2) {
    return [
      `a qualified name ${form} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')`,
    ];
  }
  const [prefix] = parts.length === 2 ? parts : [undefined];
  const name = parts.at(-1) ?? '';
  return [...prefixFaults(prefix), ...namePartFaults(name, form)];
};

function prefixFaults(prefix: string | undefined): string[] {
  if (prefix === undefined) return [];
  if (prefix === '') return ['prefix part must be non-empty'];
  return dnsSubdomainFaults(prefix).map((fault) => `prefix part ${fault}`);
}

function namePartFaults(name: string, form: string): string[] {
  const faults: string[] = [];
  if (name === '') faults.push('name part must be non-empty');
  else if (name.length > LONGEST_LABEL) faults.push(`name part ${tooMany(LONGEST_LABEL)}`);
  if (!matches(QUALIFIED, name)) faults.push(`name part ${form}`);
  return faults;
}

export const labelValueFaults: NameCheck = (value) => {
  const faults = value.length > LONGEST_LABEL ? [tooMany(LONGEST_LABEL)] : [];
  if (matches(LABEL_VALUE, value)) return faults;
  const text =
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character";
  return [...faults, regexText(text, LABEL_VALUE, 'MyValue', 'my_value', '12345')];
};

/** Keys of Secrets and ConfigMaps. */
export const configKeyFaults: NameCheck = (value) => {
  const faults = value.length > LONGEST_SUBDOMAIN ? [tooMany(LONGEST_SUBDOMAIN)] : [];
  if (!matches(CONFIG_KEY, value)) {
    const text = "a valid config key must consist of alphanumeric characters, '-', '_' or '.'";
    faults.push(regexText(text, CONFIG_KEY, 'key.name', 'KEY_NAME', 'key-name'));
  }
  if (value === '.' || value === '..') faults.push(`must not be '${value}'`);
  else if (value.startsWith('..')) faults.push("must not start with '..'");
  return faults;
};

/** Names of environment variables, by the relaxed rule that is in force since 1.34. */
export const variableNameFaults: NameCheck = (value) =>
  /^[ -<>-~]+$/.test(value)
    ? []
    : ["a valid environment variable name must consist only of printable ASCII characters other than '='"];
