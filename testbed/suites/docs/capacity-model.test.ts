import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { runOrThrow } from '../../parts/real/command.ts';
import { ROOT, readDocument } from './pages.ts';

const PAGE = readDocument('docs/capacity-model.md');
const AUTOSCALER = ['--conditions=source', join(ROOT, 'autoscaler/src/main.ts'), 'recommend', '--json'];

interface Answer {
  readonly shapes: Readonly<Record<string, Readonly<Record<string, number>>>>;
}

async function recommended(prsPerDay: number): Promise<Answer> {
  return JSON.parse(
    await runOrThrow(process.execPath, [...AUTOSCALER, '--prs-per-day', `${prsPerDay}`]),
  ) as Answer;
}

/** The rows of the published table: shape, level, nodes for 100, 500 and 1000 PRs a day. */
const ROWS = [...PAGE.matchAll(/^\|[^|]+\(`(\S+)`\) \| (low|high) \| (\d+) \| (\d+) \| (\d+) \|$/gm)].map(
  ([, shape = '', level = '', ...nodes]) => ({ shape, level, nodes: nodes.map(Number) }),
);

describe('docs/capacity-model.md', () => {
  it('shows the twelve numbers that the program gives', async () => {
    const answers = await Promise.all([100, 500, 1000].map(recommended));
    expect(ROWS).toHaveLength(4);
    for (const { shape, level, nodes } of ROWS)
      expect(answers.map((answer) => answer.shapes[shape]?.[level])).toEqual(nodes);
  }, 60_000);
});
