import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { DOCUMENTS, staleDocuments } from './documents.ts';

const root = new URL('../../../', import.meta.url);

describe('the generated documents', () => {
  it.each(Object.entries(DOCUMENTS))('%s is what the code says (else: npm run generate)', (path, render) => {
    expect(readFileSync(new URL(path, root), 'utf8')).toBe(render());
  });

  it('are named when they differ or are missing, and not otherwise', () => {
    const whole = (path: string): string | undefined => DOCUMENTS[path]?.();

    expect(staleDocuments(whole)).toEqual([]);
    expect(staleDocuments((path) => (path === 'docs/errors.md' ? 'old' : whole(path)))).toEqual([
      'docs/errors.md',
    ]);
    expect(staleDocuments((path) => (path === 'docs/role.yaml' ? undefined : whole(path)))).toEqual([
      'docs/role.yaml',
    ]);
  });
});
