import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { imageTable, withTable } from './document.ts';

const page = readFileSync(new URL('../../../docs/images.md', import.meta.url), 'utf8');

describe('the page about images', () => {
  it('gets the table between its marks, and keeps all the rest', () => {
    const once = withTable(page, 'TABLE');
    expect(once).toContain('\n\nTABLE\n\n');
    expect(withTable(once, 'TABLE')).toBe(once);
    expect(once.split('\n').filter((line) => line.startsWith('#'))).toEqual(
      page.split('\n').filter((line) => line.startsWith('#')),
    );
  });

  it('is left alone where the marks are missing', () => {
    expect(() => withTable('# Images\n', 'TABLE')).toThrow(/lacks the lines/);
  });
});

describe('imageTable', () => {
  it('contains sizes, and the median of the start times with their number', () => {
    const size = { layerBytes: [48_000_000, 5_000_000], packedBytes: 53_000_000, unpackedBytes: 150_000_000 };
    expect(imageTable([{ name: 'a', size, startMs: [300, 100, 200] }]).split('\n')[2]).toBe(
      '| a | 53.0 MB | 150.0 MB | 48.0 MB + 5.0 MB | 200 ms (of 3; most 300 ms) |',
    );
  });

  it('has no start for what serves nothing', () => {
    const size = { layerBytes: [1], packedBytes: 1, unpackedBytes: 1 };
    expect(imageTable([{ name: 'gate', size, startMs: [] }])).toContain('| 0.0 MB |  |');
  });
});
