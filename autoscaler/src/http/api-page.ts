import { API_PREFIX, type OpenApi, type Operation, type Schema } from './openapi.ts';

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};
const escaped = (text: string): string => text.replace(/[&<>"']/g, (one) => ESCAPES[one] ?? one);

const nameOf = (ref: string): string => ref.replace(/.*\//, '');

/** The type of a member in words, with links to named ones. */
function typeText(schema: Schema): string {
  const { $ref, oneOf, items, additionalProperties, type, enum: words, format } = schema;
  if ($ref) return `<a href="#${escaped(nameOf($ref))}">${escaped(nameOf($ref))}</a>`;
  if (oneOf) return oneOf.map(typeText).join(' or ');
  if (items) return `list of ${typeText(items)}`;
  if (additionalProperties) return `by name: ${typeText(additionalProperties)}`;
  if (words) return words.map((word) => `<code>${escaped(word)}</code>`).join(' or ');
  return escaped(format ?? type ?? 'anything');
}

/** Members of members up to named schemas, which have a table of their own. */
function rows(schema: Schema, path = ''): readonly string[] {
  const { properties = {}, required = [] } = schema;
  return Object.entries(properties).flatMap(([name, member]) => {
    const full = `${path}${name}`;
    const isThere = required.includes(name) ? 'always' : 'where it applies';
    const row = `<tr><th scope="row"><code>${escaped(full)}</code></th><td>${typeText(member)}</td><td>${isThere}</td></tr>`;
    const inner = member.items ?? member.additionalProperties ?? member;
    return [row, ...rows(inner, `${full}${member.items ? '[].' : '.'}`)];
  });
}

const table = (caption: string, head: readonly string[], body: readonly string[]): string =>
  `<div class="scroll" tabindex="0" role="region" aria-label="${escaped(caption)}"><table><caption>${escaped(caption)}</caption><thead><tr>${head
    .map((one) => `<th scope="col">${one}</th>`)
    .join('')}</tr></thead><tbody>${body.join('')}</tbody></table></div>`;

const schemaSection = ([name, schema]: readonly [string, Schema]): string =>
  `<section id="${escaped(name)}"><h3>${escaped(name)}</h3>${table(
    `Members of ${name}`,
    ['member', 'type', 'there'],
    rows(schema),
  )}</section>`;

const parameterRow = ({ name, required, schema, description }: Operation['parameters'][number]): string =>
  `<tr><th scope="row"><code>${escaped(name)}</code></th><td>${typeText(schema)}</td><td>${
    required ? 'must be given' : 'may be left out'
  }</td><td>${escaped(description)}</td></tr>`;

function answerRow([status, { description, content = {} }]: readonly [
  string,
  Operation['responses'][string],
]): string {
  const types = Object.entries(content).map(
    ([type, { schema }]) => `${schema ? typeText(schema) : ''} <code>${escaped(type)}</code>`,
  );
  return `<tr><th scope="row">${escaped(status)}</th><td>${escaped(description)}</td><td>${types.join(', ')}</td></tr>`;
}

function operationSection([path, { get }]: readonly [string, { readonly get: Operation }]): string {
  const { summary, parameters, responses } = get;
  const must = parameters.filter(({ required }) => required);
  const at = `${path.slice(1)}${must.length === 0 ? '' : `?${must.map(({ name }) => `${name}=500`).join('&')}`}`;
  return [
    `<section><h3><code>GET ${escaped(path)}</code></h3><p>${escaped(summary)} <a href="${escaped(at)}">Try it: <code>${escaped(at)}</code></a></p>`,
    parameters.length === 0
      ? ''
      : table('Query', ['name', 'type', 'there', 'meaning'], parameters.map(parameterRow)),
    table('Answers', ['status', 'when', 'what'], Object.entries(responses).map(answerRow)),
    '</section>',
  ].join('');
}

/** The description as a page for people: made of the same data, without script, asking nobody else. Pure. */
export function apiPage(description: OpenApi): string {
  const { info, paths, components } = description;
  const title = `${info.title} ${info.version}: API`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escaped(title)}</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="page/page.css">
</head>
<body>
<main>
<header><h1>${escaped(title)}</h1><p><a href=".">Back to the page</a></p></header>
<p>${escaped(info.description)} For programs: <a href="openapi.json">openapi.json</a> (OpenAPI 3.1). Errors are problems as RFC 9457 has them, with the cure in words.
For instance <code>curl -s $ADDRESS${API_PREFIX}/recommendations</code>.</p>
<h2>Paths</h2>
${Object.entries(paths).map(operationSection).join('\n')}
<h2>Schemas</h2>
${Object.entries(components.schemas).map(schemaSection).join('\n')}
</main>
</body>
</html>
`;
}
