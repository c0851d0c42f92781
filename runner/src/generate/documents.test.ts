import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { DOCUMENTS } from './documents.ts';

const root = new URL('../../../', import.meta.url);

describe('the generated documents', () => {
  it.each(Object.entries(DOCUMENTS))('%s is what the code says (else: npm run generate)', (path, render) => {
    expect(readFileSync(new URL(path, root), 'utf8')).toBe(render());
  });
});
