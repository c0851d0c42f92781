import { alignedLines, benchMarkdownTable, type Cells } from '../../table.ts';
import { type BoundCell, type BoundRun, holds } from './bound.ts';

const HEAD = [
  'trace',
  'seed',
  'bound',
  'fixed nodes',
  'fixed pool',
  'without the bound',
  'with it',
  'with it, as few nodes at most',
];
const TITLE = 'Builds that wait longer than a bound, and node-hours';

const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;
const runText = (run: BoundRun): string =>
  `${percent(run.lateShare)}${holds(run) ? '' : ' (not held)'}, ${run.nodeHours.toFixed(0)} h`;

const cellsOf = (cell: BoundCell): readonly string[] => [
  ...[cell.trace, String(cell.seed), `${cell.boundSeconds} s`, String(cell.fixedNodes)],
  ...[cell.fixed, cell.unbounded, cell.bounded, cell.tight].map(runText),
];

function reported(cells: readonly BoundCell[], written: (table: Cells) => string): string {
  if (cells.length === 0) return '';
  const held = (which: 'bounded' | 'tight'): string =>
    `${cells.filter((cell) => holds(cell[which])).length} of ${cells.length}`;
  const summary = `The bound is held in ${held('bounded')} cells, and in ${held('tight')} with no more nodes at most than the least fixed pool has.`;
  return [written([HEAD, ...cells.map(cellsOf)]), summary].join('\n\n');
}

/** For a terminal. */
export const boundText = (cells: readonly BoundCell[]): string =>
  reported(cells, (table) => [TITLE, ...alignedLines(table, 'left')].join('\n'));

/** For a Markdown page. */
export const boundMarkdown = (cells: readonly BoundCell[]): string =>
  reported(cells, (table) => `### ${TITLE}\n\n${benchMarkdownTable(table)}`);
