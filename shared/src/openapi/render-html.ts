import { type Html, html } from '../program/html.ts';
import {
  type ApiTable,
  exampleAddress,
  exampleText,
  memberTable,
  operationsOf,
  type Part,
  queryTable,
  responseTable,
  textParts,
} from './api-text.ts';
import type { OpenApi, Operation } from './openapi.ts';
import type { Schema } from './schema.ts';

const code = (text: string): Html => html`<code>${text}</code>`;

function partHtml(part: Part): Html | string {
  if (typeof part === 'string') return part;
  return 'code' in part ? code(part.code) : html`<a href="#${part.schema}">${part.schema}</a>`;
}

function tableHtml(caption: string, { head, rows }: ApiTable): Html | string {
  if (rows.length === 0) return '';
  const body = rows.map(([first = [], ...rest]) => {
    const cells = rest.map(
      (parts, nth) => html`<td data-label="${head[nth + 1] ?? ''}">${parts.map(partHtml)}</td>`,
    );
    return html`<tr><th scope="row">${first.map(partHtml)}</th>${cells}</tr>`;
  });
  const titles = head.map((one) => html`<th scope="col">${one}</th>`);
  return html`<div class="scroll" tabindex="0" role="region" aria-label="${caption}"><table><caption>${caption}</caption><thead><tr>${titles}</tr></thead><tbody>${body}</tbody></table></div>`;
}

function operationHtml(path: string, operation: Operation): Html {
  const address = exampleAddress(path, operation);
  return html`<section><h3><code>GET ${path}</code></h3><p>${textParts(operation.summary).map(partHtml)} <a href="${address === '' ? './' : address}">Try it: ${code(`/${address}`)}</a></p>${tableHtml('Query', queryTable(operation))}${tableHtml('Responses', responseTable(operation))}</section>\n`;
}

function schemaHtml(name: string, schema: Schema, { components }: OpenApi): Html {
  const members = tableHtml(`Members of ${name}`, memberTable(schema));
  const example = exampleText(schema, components.schemas);
  return html`<section id="${name}"><h3>${name}</h3><p>${textParts(schema.description).map(partHtml)}</p>${members}<details><summary>Example</summary><pre tabindex="0">${example}</pre></details></section>\n`;
}

/** The paths and schemas of a description as HTML, without scripts. Links are relative to the root of the server. Pure. */
export const renderApiHtml = (api: OpenApi): Html => html`<h2>Paths</h2>
${operationsOf(api).map(([path, operation]) => operationHtml(path, operation))}
<h2>Schemas</h2>
${Object.entries(api.components.schemas).map(([name, schema]) => schemaHtml(name, schema, api))}`;
