import { markdownTable } from '../generate/markdown.ts';
import {
  type ApiTable,
  memberTable,
  operationsOf,
  type Part,
  queryTable,
  responseTable,
} from './api-text.ts';
import type { OpenApi, Operation } from './openapi.ts';

function partText(part: Part): string {
  if (typeof part === 'string') return part;
  return 'code' in part ? `\`${part.code}\`` : `[${part.schema}](#${part.schema.toLowerCase()})`;
}

const tableText = ({ head, rows }: ApiTable): string =>
  rows.length === 0
    ? ''
    : markdownTable(
        head,
        rows.map((cells) => cells.map((parts) => parts.map(partText).join(''))),
      );

function operationText(path: string, operation: Operation): string {
  const tables = [queryTable(operation), responseTable(operation)].map(tableText);
  return `### \`GET ${path}\`\n\n${operation.summary}\n\n${tables.filter(Boolean).join('\n')}`;
}

/** The paths and schemas of a description in Markdown, with level-two headings. Pure. */
export function renderApiMarkdown(api: OpenApi): string {
  const paths = operationsOf(api).map(([path, operation]) => operationText(path, operation));
  const schemas = Object.entries(api.components.schemas).map(
    ([name, schema]) => `### ${name}\n\n${schema.description ?? ''}\n\n${tableText(memberTable(schema))}`,
  );
  return `## Paths\n\n${paths.join('\n')}\n## Schemas\n\n${schemas.join('\n')}`;
}
