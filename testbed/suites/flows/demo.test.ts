import { execFile, spawn } from 'node:child_process';
import { join } from 'node:path';
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
function demo(
  ...args: readonly string[]
): Promise<{ readonly code: number; readonly out: string; readonly err: string }> {
  const words = ['--conditions=source', 'testbed/demo/main.ts', ...args];
  return new Promise((resolve) => {
    execFile(process.execPath, words, { cwd: REPOSITORY, timeout: 100_000 }, (error, out, err) => {
      const code = error === null ? 0 : typeof error.code === 'number' ? error.code : -1;
      resolve({ code, out, err });
    });
  });
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

  it('tells a person what was recommended, and with --keep leaves the page there until Ctrl-C', async () => {
    const words = ['--conditions=source', 'testbed/demo/main.ts', '--keep'];
    const child = spawn(process.execPath, words, { cwd: REPOSITORY, stdio: ['ignore', 'pipe', 'inherit'] });
    let out = '';
    const over = new Promise<number | null>((resolve) => void child.on('close', resolve));
    try {
      await new Promise<void>((resolve, reject) => {
        child.stdout.on('data', (part) => {
          out += String(part);
          if (out.includes('one more build:')) resolve();
        });
        void over.then(() => reject(new Error(`it ended by itself:\n${out}`)));
      });
      const [, first = ''] = /The autoscaler's page: (http:\S+)/.exec(out) ?? [];
      const [, kept = ''] = /autoscaler: +(http:\S+)/.exec(out) ?? [];
      expect([first, kept]).toEqual([kept, expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+\/$/)]);
      expect(out).toMatch(/before +0 to run[^]*at peak +[1-9]\d* to run[^]*after +0 to run/);
      expect(await (await fetch(kept)).text()).toContain('<title>Hangar capacity</title>');
      expect((await fetch(`${kept}api/v1/recommendations`)).status).toBe(200);
    } finally {
      child.kill('SIGINT');
      expect(await over).toBe(0);
    }
  }, 120_000);

  it('says how it is called, and refuses what it does not know with exit code 2', async () => {
    const help = await demo('--help');
    expect(help).toMatchObject({ code: 0 });
    expect(help.out).toContain('npm run demo -- --keep');

    const wrong = await demo('--kepe');
    expect(wrong).toMatchObject({ code: 2, out: '' });
    expect(wrong.err).toContain('--kepe');
  }, 120_000);
});
