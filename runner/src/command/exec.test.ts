import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { commandLine, KUBECONFIG, stepsOf } from './testing/command-line.ts';

describe('exec without a reachable cluster', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'hangar-exec-unit-'));
    writeFileSync(join(folder, 'kubeconfig'), KUBECONFIG);
  });
  afterAll(() => rmSync(folder, { recursive: true }));

  async function run(yaml: string, flags: readonly string[] = [], stop = new AbortController().signal) {
    const words = ['exec', '--kubeconfig', join(folder, 'kubeconfig'), ...flags, 'p.yml'];
    const { code, printed, complained } = await commandLine(
      words,
      { 'p.yml': yaml },
      { stopSignal: () => stop },
    );
    return { code, out: printed.join('\n'), errors: complained.join('\n') };
  }
  const GOOD = stepsOf('- { name: a, image: alpine, commands: [true] }');

  it('exits with 75, which is not the code of a failed pipeline, and names what to check', async () => {
    const { code, errors } = await run(GOOD);
    expect(errors).toContain('the Kubernetes API does not answer');
    expect(errors).toContain('kubectl config current-context');
    expect(code).toBe(75);
  });

  it('prints nothing about a Pod, because none was created', async () => {
    expect((await run(GOOD)).out).toBe('');
  });

  it('refuses an invalid pipeline with 78, before any request', async () => {
    const { code, errors } = await run(stepsOf('- { name: a, image: "" }'));
    expect(errors).toBe('p.yml:5:21: linter: invalid or missing image');
    expect(code).toBe(78);
    const chosen = await run(`${GOOD}metadata: { namespace: kube-system }\n`);
    expect(chosen.errors).toMatch(/^p\.yml:6:24: not allowed in this build: metadata.namespace/);
    expect(chosen.code).toBe(78);
  });

  it('runs nothing if no step matches, which is no failure', async () => {
    const { code, out } = await run(
      stepsOf('- { name: a, image: alpine, commands: [true], when: { event: tag } }'),
    );
    expect(out).toContain('no step of pipeline default matches this build');
    expect(code).toBe(0);
  });

  it('can be interrupted during preparation', async () => {
    expect((await run(GOOD, [], AbortSignal.abort(new Error('Ctrl-C')))).code).toBe(130);
  });

  it('exits with 2 for a missing kubeconfig', async () => {
    const { code, errors } = await run(GOOD, ['--kubeconfig', join(folder, 'gone')]);
    expect(errors).toContain('Name a kubeconfig with --kubeconfig or KUBECONFIG');
    expect(code).toBe(2);
  });

  it.each(['--dump', '--trace', '--pretty', '--kube-client-qps=5', '--engine-container-start-timeout=60'])(
    'still accepts %s of the old program',
    async (flag) => {
      expect((await run(stepsOf('- { name: a, image: "" }'), [flag])).code).toBe(78);
    },
  );
});
