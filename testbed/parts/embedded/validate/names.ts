const LABEL = '[a-z0-9]([-a-z0-9]*[a-z0-9])?';
const SUBDOMAIN = `${LABEL}(\\.${LABEL})*`;
const QUALIFIED = '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]';
const WORD =
  "consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character";

/** What is wrong with a name, as texts; none when it is right. */
export type NameCheck = (value: string) => string[];

/** A check by length and form; texts and examples are the API server's. */
function nameCheck(limit: number, pattern: string, text: string, ...examples: string[]): NameCheck {
  const list = examples.map((example) => `'${example}', `).join(' or ');
  const form = new RegExp(`^(?:${pattern})$`);
  return (value) => [
    ...(value.length > limit ? [`must be no more than ${limit} characters`] : []),
    ...(form.test(value) ? [] : [`${text} (e.g. ${list}regex used for validation is '${pattern}')`]),
  ];
}

/** DNS-1123 subdomain: names of most objects. */
export const dnsSubdomainErrors = nameCheck(
  253,
  SUBDOMAIN,
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character",
  'example.com',
);

const labelErrors = nameCheck(
  63,
  LABEL,
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character",
  'my-name',
  '123-abc',
);

/** DNS-1123 label: names of containers, volumes and namespaces. */
export const dnsLabelErrors: NameCheck = (value) =>
  value.includes('.') && dnsSubdomainErrors(value).length === 0
    ? ['must not contain dots']
    : labelErrors(value);

export const labelValueErrors = nameCheck(
  63,
  `(${QUALIFIED})?`,
  `a valid label must be an empty string or ${WORD}`,
  'MyValue',
  'my_value',
  '12345',
);

const namePartErrors = nameCheck(63, QUALIFIED, `must ${WORD}`, 'MyName', 'my.name', '123-abc');

/** Label and annotation keys: `[prefix/]name`. */
export const qualifiedNameErrors: NameCheck = (value) => {
  const at = value.indexOf('/');
  const name = value.slice(at + 1);
  const nameErrors = [...(name === '' ? ['must be non-empty'] : []), ...namePartErrors(name)];
  return [
    ...(at < 0 ? [] : prefixErrors(value.slice(0, at)).map((error) => `prefix part ${error}`)),
    ...nameErrors.map((error) => `name part ${error}`),
  ];
};

const prefixErrors: NameCheck = (prefix) =>
  prefix === '' ? ['must be non-empty'] : dnsSubdomainErrors(prefix);

const configKeyFormErrors = nameCheck(
  253,
  '[-._a-zA-Z0-9]+',
  "a valid config key must consist of alphanumeric characters, '-', '_' or '.'",
  'key.name',
  'KEY_NAME',
  'key-name',
);

/** Keys of Secrets and ConfigMaps. */
export const configKeyErrors: NameCheck = (value) => {
  const errors = configKeyFormErrors(value);
  if (value === '.' || value === '..') errors.push(`must not be '${value}'`);
  else if (value.startsWith('..')) errors.push("must not start with '..'");
  return errors;
};

/** Names of environment variables, by the relaxed rule that is in force since 1.34. */
export const variableNameErrors: NameCheck = (value) =>
  /^[ -<>-~]+$/.test(value)
    ? []
    : ["a valid environment variable name must consist only of printable ASCII characters other than '='"];
