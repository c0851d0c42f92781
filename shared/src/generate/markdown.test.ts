import { describe, expect, it } from 'vitest';
import { markdownTable, metricTable } from './markdown.ts';

describe('markdownTable', () => {
  it('renders valid Markdown, whatever its cells contain', () => {
    expect(
      markdownTable(
        ['a', 'b'],
        [
          ['1', 'x|y'],
          ['2', 'one\ntwo'],
        ],
      ),
    ).toBe('| a | b |\n| --- | --- |\n| 1 | x\\|y |\n| 2 | one two |\n');
    expect(markdownTable(['a'], [])).toBe('| a |\n| --- |\n');
  });
});

describe('metricTable', () => {
  it('has a row for each metric', () => {
    const spec = { name: 'hangar_x_total', kind: 'counter', labels: ['a', 'b'], help: 'What.' } as const;
    expect(metricTable([spec])).toContain('| `hangar_x_total` | counter | `a`, `b` | What. |\n');
  });
});
