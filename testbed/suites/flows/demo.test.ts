import { join } from 'node:path';
import { Child } from '@hangar/shared/testing/child-process';
import { describe, expect, it } from 'vitest';

const REPOSITORY = join(import.meta.dirname, '../../..');

interface Told {
  readonly ok: boolean;
  readonly cluster: string;
  readonly pipelines: readonly {
    readonly name: string;
    readonly ok: boolean;
    readonly expected: string;
    readonly actual: string;
    readonly problems: readonly string[];
    readonly waited: string;
  }[];
  readonly totals: { readonly builds: number; readonly pods: number; readonly apiWrites: number };
  readonly problems: readonly string[];
  readonly recommended: Readonly<Record<'before' | 'peak' | 'after', Said>>;
}

interface Said {
  readonly work: number;
  readonly shapes: readonly {
    readonly shape: string;
    readonly nodesNow: number;
    readonly nodesAhead: number;
  }[];
}

/** Runs the demo as a person does: a process of its own, by the Node.js that runs this test. */
const begin = (...args: readonly string[]): Child =>
  new Child(process.execPath, ['--conditions=source', 'testbed/demo/main.ts', ...args], {
    folder: REPOSITORY,
  });

async function demo(
  ...args: readonly string[]
): Promise<{ readonly code: number | null; readonly out: string; readonly err: string }> {
  const child = begin(...args);
  const { code } = await child.exit;
  return { code, out: child.out, err: child.errors };
}

describe('npm run demo', () => {
  it('runs a dozen pipelines, each with the outcome that it is there to show', async () => {
    const { code, out, err } = await demo('--json');

    expect(code, err + out).toBe(0);
    const reported = JSON.parse(out) as Told;
    expect(reported.pipelines.filter(({ ok }) => !ok)).toEqual([]);
    expect(reported).toMatchObject({ ok: true, cluster: 'embedded', problems: [] });
    expect(Object.fromEntries(reported.pipelines.map(({ name, actual }) => [name, actual]))).toEqual({
      cancelled: 'killed',
      hello: 'success',
      parallel: 'success',
      service: 'success',
      failure: 'failure',
      'ignored-failure': 'success',
      'fail-fast': 'failure',
      'early-success': 'success',
      secrets: 'success',
      plugin: 'success',
      substitution: 'success',
      stages: 'success',
      mistake: 'error',
      'waits-for-room': 'success',
    });
    expect(reported.pipelines.find(({ name }) => name === 'waits-for-room')?.waited).toContain('memory');
    theRecommendationMoved(reported.recommended);
  }, 120_000);

  function theRecommendationMoved({ before, peak, after }: Told['recommended']): void {
    expect([before.work, after.work]).toEqual([0, 0]);
    expect(peak.work).toBeGreaterThan(0);
    for (const said of [before, peak, after])
      expect(said.shapes.map(({ shape }) => shape)).toEqual(['4cpu-8gb', '8cpu-16gb']);
    for (const [nth, { nodesNow }] of peak.shapes.entries()) {
      expect(nodesNow).toBeGreaterThan(before.shapes[nth]?.nodesNow ?? Number.POSITIVE_INFINITY);
      expect(after.shapes[nth]?.nodesNow).toBe(0);
    }
  }

  it('prints the recommendations, and with --keep serves the page until Ctrl-C', async () => {
    const child = begin('--keep');
    try {
      await child.says(/one more build:/);
      const { out } = child;
      const [, first = ''] = /The autoscaler's page: (http:\S+)/.exec(out) ?? [];
      const [, kept = ''] = /autoscaler: +(http:\S+)/.exec(out) ?? [];
      expect([first, kept]).toEqual([kept, expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+\/$/)]);
      expect(out).toMatch(/before +0 to run[^]*at peak +[1-9]\d* to run[^]*after +0 to run/);
      expect(await (await fetch(kept)).text()).toContain('<title>Hangar capacity</title>');
      expect((await fetch(`${kept}api/v1/recommendations`)).status).toBe(200);
    } finally {
      expect(await child.end('SIGINT', 60_000)).toMatchObject({ code: 0 });
    }
  }, 120_000);

  it('prints its usage, and refuses an unknown option with exit code 2', async () => {
    const help = await demo('--help');
    expect(help).toMatchObject({ code: 0 });
    expect(help.out).toContain('npm run demo -- --keep');
    expect(help.out).toContain('--slow');

    const wrong = await demo('--kepe');
    expect(wrong).toMatchObject({ code: 2, out: '' });
    expect(wrong.err).toContain('--kepe');
  }, 120_000);
});
