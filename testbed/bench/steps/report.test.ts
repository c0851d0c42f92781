import { describe, expect, it } from 'vitest';
import { rowOf } from '../measure/row.ts';
import { reportMarkdown, reportText } from './report.ts';

const circumstances = {
  at: '2026-11-25 21:00 UTC',
  cores: 2,
  memoryBytes: 24 * 2 ** 30,
  cpu: 'a processor',
  kernel: '6.18',
  node: 'v24.0.0',
  quick: true,
};
const measured = { name: 'gap', unit: 'ms', values: [4], targets: [], note: '' } as const;
const rows = [rowOf('gate', measured, 0.4), rowOf('swap', measured, 6)];
const failures = [{ bench: 'cold', text: 'no registry' }];

describe('a report', () => {
  it('says on what it was measured, under which load, and what failed', () => {
    const page = reportMarkdown({ circumstances, rows, failures });
    expect(page).toContain(
      'Measured 2026-11-25 21:00 UTC, 2 cores (a processor), 24 GiB, Linux 6.18, Node.js v24.0.0, --quick: few repetitions.',
    );
    expect(page).toContain('Load average during the run: 0.4 to 6.0.');
    expect(page).toContain('FAILED cold: no registry');
  });

  it('of nothing but failures is no error', () => {
    const report = { circumstances: { ...circumstances, quick: false }, rows: [], failures };
    expect(reportText(report)).toContain('FAILED cold: no registry');
    expect(reportMarkdown(report)).not.toMatch(/Infinity|quick/);
  });
});
