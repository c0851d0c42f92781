import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { commandLine } from './testing/command-line.ts';

it('schema prints the JSON Schema that the documents have', async () => {
  const { code, printed } = await commandLine(['schema']);
  const committed = new URL('../../../docs/reference/pipeline.schema.json', import.meta.url);

  expect(code).toBe(0);
  expect(`${printed.join('\n')}\n`).toBe(readFileSync(committed, 'utf8'));
});
