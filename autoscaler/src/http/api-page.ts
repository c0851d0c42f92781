import { type Html, html } from '@hangar/shared/program/html';
import { API_PREFIX, type OpenApi, type Operation, type Schema } from './openapi.ts';

const nameOf = (ref: string): string => ref.replace(/.*\//, '');

const joined = (parts: readonly Html[], separator: string): readonly (Html | string)[] =>
  parts.flatMap((part, nth) => (nth === 0 ? [part] : [separator, part]));

const code = (text: string): Html => html`<code>${text}</code>`;

/** Describes a member's type as text, with links to named types. */
function typeText(schema: Schema): Html {
  const { $ref, oneOf, items, additionalProperties, type, enum: words, format } = schema;
  if ($ref) return html`<a href="#${nameOf($ref)}">${nameOf($ref)}</a>`;
  if (oneOf) return html`${joined(oneOf.map(typeText), ' or ')}`;
  if (items) return html`list of ${typeText(items)}`;
  if (additionalProperties) return html`by name: ${typeText(additionalProperties)}`;
  if (words) return html`${joined(words.map(code), ' or ')}`;
  return html`${format ?? type ?? 'anything'}`;
}

const row = (name: Html | string, ...cells: readonly (Html | string)[]): Html =>
  html`<tr><th scope="row">${name}</th>${cells.map((cell) => html`<td>${cell}</td>`)}</tr>`;

/** Rows for nested members, down to named schemas, which have their own tables. */
function memberRows(schema: Schema, path = ''): readonly Html[] {
  const { properties = {}, required = [] } = schema;
  return Object.entries(properties).flatMap(([name, member]) => {
    const full = `${path}${name}`;
    const isThere = required.includes(name) ? 'always' : 'where it applies';
    const inner = member.items ?? member.additionalProperties ?? member;
    return [
      row(code(full), typeText(member), isThere),
      ...memberRows(inner, `${full}${member.items ? '[].' : '.'}`),
    ];
  });
}

const table = (caption: string, head: readonly string[], body: readonly Html[]): Html =>
  html`<div class="scroll" tabindex="0" role="region" aria-label="${caption}"><table><caption>${caption}</caption><thead><tr>${head.map(
    (one) => html`<th scope="col">${one}</th>`,
  )}</tr></thead><tbody>${body}</tbody></table></div>`;

const schemaSection = ([name, schema]: readonly [string, Schema]): Html =>
  html`<section id="${name}"><h3>${name}</h3>${table(`Members of ${name}`, ['member', 'type', 'there'], memberRows(schema))}</section>\n`;

const parameterRow = ({ name, required, schema, description }: Operation['parameters'][number]): Html =>
  row(code(name), typeText(schema), required ? 'required' : 'optional', description);

function answerRow([status, { description, content = {} }]: readonly [
  string,
  Operation['responses'][string],
]): Html {
  const types = Object.entries(content).map(
    ([type, { schema }]) => html`${schema ? typeText(schema) : ''} ${code(type)}`,
  );
  return row(status, description, html`${joined(types, ', ')}`);
}

function operationSection([path, { get }]: readonly [string, { readonly get: Operation }]): Html {
  const { summary, parameters, responses } = get;
  const must = parameters.filter(({ required }) => required);
  const at = `${path.slice(1)}${must.length === 0 ? '' : `?${must.map(({ name }) => `${name}=500`).join('&')}`}`;
  const query =
    parameters.length === 0
      ? ''
      : table('Query', ['name', 'type', 'there', 'meaning'], parameters.map(parameterRow));
  const answers = table('Answers', ['status', 'when', 'what'], Object.entries(responses).map(answerRow));
  return html`<section><h3><code>GET ${path}</code></h3><p>${summary} <a href="${at}">Try it: ${code(at)}</a></p>${query}${answers}</section>\n`;
}

/** Renders the description as an HTML page: from the same data, without scripts and external resources. Pure. */
export function apiPage(description: OpenApi): string {
  const { info, paths, components } = description;
  const title = `${info.title} ${info.version}: API`;
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="page/shared.css">
<link rel="stylesheet" href="page/page.css">
</head>
<body>
<main>
<header><h1>${title}</h1><p><a href=".">Back to the page</a></p></header>
<p>${info.description} OpenAPI 3.1 description: <a href="openapi.json">openapi.json</a>. Errors are problem details (RFC 9457) with a remedy.
For instance <code>curl -s $ADDRESS${API_PREFIX}/recommendations</code>.</p>
<h2>Paths</h2>
${Object.entries(paths).map(operationSection)}
<h2>Schemas</h2>
${Object.entries(components.schemas).map(schemaSection)}
</main>
</body>
</html>
`.toString();
}
