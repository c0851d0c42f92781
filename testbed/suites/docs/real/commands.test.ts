import { beforeAll, describe, expect, it } from 'vitest';
import { connectRealCluster } from '../../../parts/real/facts.ts';
import { PAGES } from '../pages.ts';
import { commandsOf, runPage } from '../run-page.ts';

const LAST_MS = 170_000;

describe('commands that need a cluster, on the real one', () => {
  const pages = PAGES.filter((page) => commandsOf(page, 'real').length > 0);

  beforeAll(async () => void (await connectRealCluster()));

  it('are there, from nothing to a first build and a first recommendation', () => {
    const all = commandsOf('docs/getting-started.md', 'real').map(({ text }) => text);
    expect(all.join('\n')).toContain('build first.yml --wait');
    expect(all.join('\n')).toContain('/api/v1/recommendations');
  });

  it.each(pages)(
    'of %s work as written',
    async (page) => {
      await runPage(page, 'real', LAST_MS);
    },
    4 * LAST_MS,
  );
});
