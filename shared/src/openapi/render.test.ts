import { describe, expect, it } from 'vitest';
import { exampleOf } from './example.ts';
import { jsonResponse, openApiOf, query } from './openapi.ts';
import { renderApiHtml } from './render-html.ts';
import { renderApiMarkdown } from './render-markdown.ts';
import { amount, byName, count, list, object, oneWord, orNull, ref, text, time } from './schema.ts';

const API = openApiOf(
  { title: 't', version: '1', description: 'An API.' },
  [
    {
      path: '/pools',
      summary: 'All pools.',
      parameters: [
        query('hours', amount('hours', 'Length of the history.', 3), true),
        query('shape', text('Name of a shape.', '4cpu-8gb')),
      ],
      responses: {
        200: jsonResponse('Pools', 'the answer'),
        503: { description: 'no decision yet', content: { 'text/plain': undefined } },
      },
    },
    { path: '/', summary: 'Nothing.', responses: { 200: { description: 'an empty body', content: {} } } },
  ],
  {
    Pools: object(
      'All pools.',
      {
        at: time('When it was decided.', '2026-01-14T09:30:00Z'),
        pools: list('The `pools`.', ref('Pool', 'One pool.')),
        shapes: byName('Nodes by shape.', '4cpu-8gb', object('One.', { nodes: count('nodes', 'Nodes.', 5) })),
      },
      { reason: text('Why. Absent: <b>.', 'because') },
    ),
    Pool: object('One pool.', {
      owner: oneWord('Who scales it.', ['gke', 'eks']),
      price: orNull(amount('EUR per hour', 'Price of a node.', 0.2), 'no price'),
    }),
  },
);

describe('the example of a schema', () => {
  it('is composed of the examples of its required members', () => {
    expect(exampleOf({ $ref: '#/components/schemas/Pools' }, API.components.schemas)).toEqual({
      at: '2026-01-14T09:30:00Z',
      pools: [{ owner: 'gke', price: 0.2 }],
      shapes: { '4cpu-8gb': { nodes: 5 } },
    });
  });

  it('is in the description of each response with a schema, and nowhere else', () => {
    const { responses } = API.paths['/pools']?.get ?? {};

    expect(responses?.['200']?.content?.['application/json']).toHaveProperty('example.pools');
    expect(responses?.['503']?.content).toEqual({ 'text/plain': {} });
    expect(API.paths['/']?.get.responses['200']).toEqual({ description: 'an empty body' });
  });

  it('does not exist for a schema without one', () => {
    expect(exampleOf({ type: 'string' }, {})).toBeUndefined();
    expect(exampleOf({ $ref: '#/components/schemas/Lost' }, {})).toBeUndefined();
  });
});

describe('the description in Markdown', () => {
  const page = renderApiMarkdown(API);

  it.each([
    ['a required parameter', '| `hours` | number, required | hours | Length of the history. | `3` |'],
    ['another parameter', '| `shape` | string, optional |  | Name of a shape. | `"4cpu-8gb"` |'],
    ['a response with a schema', '| 200 | the answer | [Pools](#pools), `application/json` |'],
    ['a response without a schema', '| 503 | no decision yet | `text/plain` |'],
    ['a list of a named schema', '| `pools` | list of [Pool](#pool) |  | The `pools`. |  |'],
    ['a member of an object by name', '| `shapes.*.nodes` | integer | nodes | Nodes. | `5` |'],
    ['an optional member', '| `reason` | string, optional |  | Why. Absent: <b>. | `"because"` |'],
    ['words', '| `owner` | `gke` or `eks` |  | Who scales it. | `"gke"` |'],
    [
      'what can be null',
      '| `price` | number or null | EUR per hour | Price of a node. Null: no price. | `0.2` |',
    ],
  ])('has %s', (_, line) => {
    expect(page.split('\n')).toContain(line);
  });
});

describe('the description in HTML', () => {
  const page = renderApiHtml(API).toString();

  it.each([
    ['a link that can be tried', '<a href="pools?hours=3">Try it: <code>/pools?hours=3</code></a>'],
    ['a link to the root', '<a href="./">Try it: <code>/</code></a>'],
    ['a link to a named schema', 'list of <a href="#Pool">Pool</a>'],
    ['code between backticks', 'The <code>pools</code>.'],
    ['escaped texts', 'Absent: &lt;b&gt;.'],
    ['an example of a schema', '&quot;owner&quot;: &quot;gke&quot;'],
  ])('has %s', (_, part) => {
    expect(page).toContain(part);
  });
});
