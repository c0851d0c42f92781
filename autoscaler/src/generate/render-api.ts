import { markdownTable } from '@hangar/shared/generate/markdown';
import { type OpenApi, type Operation, openApi, type Schema } from '../http/openapi.ts';

const nameOf = (ref: string): string => ref.replace(/.*\//, '');
const linkTo = (name: string): string => `[${name}](#${name.toLowerCase()})`;

/** The type of a member in words, with links to named ones. */
function typeText({ $ref, oneOf, items, additionalProperties, enum: words, format, type }: Schema): string {
  if ($ref) return linkTo(nameOf($ref));
  if (oneOf) return oneOf.map(typeText).join(' or ');
  if (items) return `list of ${typeText(items)}`;
  if (additionalProperties) return `by name: ${typeText(additionalProperties)}`;
  if (words) return words.map((kind) => `\`${kind}\``).join(' or ');
  return format ?? type ?? 'anything';
}

/** Members of members, up to named schemas, which have a table of their own. */
function members(schema: Schema, path = ''): readonly (readonly string[])[] {
  const { properties = {}, required = [] } = schema;
  return Object.entries(properties).flatMap(([name, member]) => {
    const there = required.includes(name) ? 'always' : 'where it applies';
    const inner = member.items ?? member.additionalProperties ?? member;
    const end = member.items ? '[].' : member.additionalProperties ? '.*.' : '.';
    return [[`\`${path}${name}\``, typeText(member), there], ...members(inner, `${path}${name}${end}`)];
  });
}

function answerRow([status, { description, content = {} }]: readonly [
  string,
  Operation['responses'][string],
]): readonly string[] {
  const types = Object.entries(content).map(
    ([type, { schema }]) => `${schema ? `${typeText(schema)}, ` : ''}\`${type}\``,
  );
  return [status, description, types.join('; ')];
}

function section([path, { get }]: readonly [string, { readonly get: Operation }]): string {
  const query = get.parameters.map(({ name, schema, required, description }) => [
    `\`${name}\``,
    typeText(schema),
    required ? 'required' : 'optional',
    description,
  ]);
  const asked = query.length === 0 ? '' : `${markdownTable(['query', 'type', 'there', 'meaning'], query)}\n`;
  const answers = markdownTable(['status', 'when', 'what'], Object.entries(get.responses).map(answerRow));
  return `### \`GET ${path}\`\n\n${get.summary}\n\n${asked}${answers}`;
}

/** `docs/autoscaler-api.md`, made of the same description that is served at `/openapi.json`. Pure. */
export function renderApi({ paths, components }: OpenApi = openApi('')): string {
  const schemas = Object.entries(components.schemas).map(
    ([name, schema]) => `### ${name}\n\n${markdownTable(['member', 'type', 'there'], members(schema))}`,
  );
  return `# API of the autoscaler

Generated from \`autoscaler/src/http/openapi.ts\`; do not edit. Back to the [index](README.md).

At \`HANGAR_AUTOSCALER_LISTEN\` (\`:3001\`). The API is read-only. Its description is \`GET /openapi.json\` (OpenAPI 3.1), and as a web page
\`/api\`. Errors are problem details (RFC 9457) with a remedy. Examples: [api.md](api.md).

## Paths

${Object.entries(paths).map(section).join('\n')}
## Schemas

${schemas.join('\n')}`;
}
