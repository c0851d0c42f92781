import { FakeClock } from '@hangar/shared/testing/fake-clock';
import { describe, expect, it } from 'vitest';
import { parseManifest } from '../parse/manifest.ts';
import type { PipelineFile } from '../parse/pipeline-file.ts';
import { ThreadedParser } from './parse-in-thread.ts';

const fileOf = (yaml: string): PipelineFile => ({ yaml, variables: { w: 'W' }, limitBytes: 1_000_000 });
const never = new AbortController().signal;
const program = (text: string): URL => new URL(`data:text/javascript,${encodeURIComponent(text)}`);
const HEAD = 'kind: pipeline\ntype: kubernetes\nname: default\nsteps:\n- {name: a, image: b}\n';
/** Long enough to be parsed in a thread. */
const LARGE = `${HEAD}# ${'x'.repeat(40_000)}`;

describe('ThreadedParser', { timeout: 60_000 }, () => {
  const clock = new FakeClock();

  it.each([
    ['small', HEAD],
    ['large', LARGE],
  ])('returns what a direct call returns, for a %s file', async (_, text) => {
    expect(await new ThreadedParser(clock).parse(fileOf(text), never)).toEqual(parseManifest(text));
  });

  it.each([
    ['small', 'kind: ['],
    ['large', `${LARGE}\nkind: [`],
  ])('throws what a direct call throws, for a %s file', async (_, text) => {
    await expect(new ThreadedParser(clock).parse(fileOf(text), never)).rejects.toMatchObject({
      code: 'yaml',
      message: expect.stringMatching(/^yaml: line \d+: /) as string,
    });
  });

  it('starts no thread for a small file', async () => {
    const parser = new ThreadedParser(clock, program(`throw new Error('a thread')`));

    await expect(parser.parse(fileOf(HEAD), never)).resolves.toBeDefined();
    await expect(parser.parse(fileOf(LARGE), never)).rejects.toThrow('needs more than 10 s or 512 MiB');
  });

  it('starts a thread for a small file that substitution makes large', async () => {
    const small = { ...fileOf(`${HEAD}# \${v}`), variables: { v: 'x'.repeat(40_000) } };
    const parser = new ThreadedParser(clock, program(`throw new Error('a thread')`));

    await expect(parser.parse(small, never)).rejects.toThrow('needs more than');
    expect(await new ThreadedParser(clock).parse(small, never)).toEqual(parseManifest(HEAD));
  });

  it.each([
    ['small', '${w'],
    ['large', `${LARGE}\n\${w`],
  ])('replaces the expressions first, in a %s file', async (_, text) => {
    await expect(new ThreadedParser(clock).parse(fileOf(text), never)).rejects.toMatchObject({
      code: 'substitution',
      message: 'missing closing brace',
    });
  });

  it('refuses a file that takes too long, and parses the next one', async () => {
    const parser = new ThreadedParser(
      clock,
      program(`
        import { parentPort, workerData } from 'node:worker_threads';
        if (workerData.yaml.endsWith('hang')) for (;;);
        parentPort.postMessage({ manifest: workerData.yaml.length });
      `),
    );
    const late = parser.parse(fileOf(`${LARGE}hang`), never);
    const next = parser.parse(fileOf(LARGE), never);
    const refused = expect(late).rejects.toMatchObject({
      code: 'pipeline-too-large',
      message: 'the pipeline file needs more than 10 s or 512 MiB to parse; split it',
    });
    await clock.step(10_001);
    await refused;

    expect(await next).toBe(LARGE.length);
  });

  it('ends with the signal', async () => {
    const stop = new AbortController();
    const parsed = new ThreadedParser(clock, program('for (;;);')).parse(fileOf(LARGE), stop.signal);
    stop.abort(new Error('stopped'));

    await expect(parsed).rejects.toThrow('stopped');
  });
});
