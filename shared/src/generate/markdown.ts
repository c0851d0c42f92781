import type { MetricSpec } from '../contract/runner-metrics.ts';

type Cells = readonly string[];

const cell = (text: string): string => text.replaceAll('|', '\\|').replaceAll('\n', ' ');
const line = (cells: Cells): string => `| ${cells.map(cell).join(' | ')} |\n`;

/** A table in Markdown, each line with its line end. `rules`: the second line, such as `--:` to align to the right. Pure. */
export const markdownTable = (
  head: Cells,
  rows: readonly Cells[],
  rules: Cells = head.map(() => '---'),
): string => [line(head), line(rules), ...rows.map(line)].join('');

/** A Markdown table of metrics. Pure. */
export const metricTable = (specs: readonly MetricSpec[]): string =>
  markdownTable(
    ['metric', 'kind', 'labels', 'meaning'],
    specs.map(({ name, kind, labels, help }) => [
      `\`${name}\``,
      kind,
      labels.map((label) => `\`${label}\``).join(', '),
      help,
    ]),
  );
