import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { DOCUMENTS } from './documents.ts';

describe('the generated documents', () => {
  it.each(Object.entries(DOCUMENTS))(
    '%s is what the code says (else: node --conditions=source autoscaler/src/generate/main.ts)',
    (path, render) => {
      expect(readFileSync(new URL(`../../../${path}`, import.meta.url), 'utf8')).toBe(render());
    },
  );
});
