import { systemClock } from '@hangar/shared/clock';
import { FakeClock } from '@hangar/shared/testing/fake-clock';
import { describe, expect, it } from 'vitest';
import { parseManifest } from '../parse/manifest.ts';
import type { PipelineFile } from '../parse/pipeline-file.ts';
import { ThreadedParser } from './parse-in-thread.ts';

const fileOf = (yaml: string, owner = 'acme/widget'): PipelineFile => ({
  ...{ owner, yaml, variables: { w: 'W' }, limitBytes: 1_000_000 },
});
const never = new AbortController().signal;
const program = (text: string): URL => new URL(`data:text/javascript,${encodeURIComponent(text)}`);
const HEAD = 'kind: pipeline\ntype: kubernetes\nname: default\nsteps:\n- {name: a, image: b}\n';
/** Long enough to be parsed in a thread. */
const LARGE = `${HEAD}# ${'x'.repeat(40_000)}`;

const TOO_LARGE = 'the pipeline file needs more than 10 s or 256 MiB to parse; split it';
const REPLYING = (reply: string): URL =>
  program(`import { parentPort, workerData } from 'node:worker_threads'; parentPort.postMessage(${reply});`);
/** Runs this for a file that ends with `hang`, else replies its length. */
const HANGING = (text: string): URL =>
  program(`
    import { parentPort, workerData } from 'node:worker_threads';
    if (workerData.yaml.endsWith('hang')) { ${text} }
    else parentPort.postMessage({ manifest: workerData.yaml.length, cpuMs: 0 });
  `);

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
    const parser = new ThreadedParser(clock, { program: program(`throw new Error('a thread')`) });

    await expect(parser.parse(fileOf(HEAD), never)).resolves.toBeDefined();
    await expect(parser.parse(fileOf(LARGE), never)).rejects.toThrow('needs more than 10 s or 256 MiB');
  });

  it('starts a thread for a small file that substitution makes large', async () => {
    const small = { ...fileOf(`${HEAD}# \${v}`), variables: { v: 'x'.repeat(40_000) } };
    const parser = new ThreadedParser(clock, { program: program(`throw new Error('a thread')`) });

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

  it.each([
    ['that spins', 'for (;;);', 'late'],
    ['that is idle', 'setInterval(() => undefined, 1_000);', 'early'],
  ])(
    'ends a thread %s when its CPU time is used up, not sooner, and parses the next file',
    async (_, text, kind) => {
      const used = { ms: 0 };
      const parser = new ThreadedParser(clock, {
        program: HANGING(text),
        cpuMs: () => Promise.resolve(used.ms),
      });
      const late = parser.parse(fileOf(`${LARGE}hang`), never);
      const next = parser.parse(fileOf(LARGE), never);
      const refused = expect(late).rejects.toMatchObject({ code: 'pipeline-too-large', message: TOO_LARGE });
      // Other load kept the thread from running: twice the limit by the clock is no reason to refuse.
      await clock.step(20_000);
      used.ms = kind === 'late' ? 10_001 : 9_000;
      await clock.step(kind === 'late' ? 1_000 : 39_999);
      if (kind === 'early') await clock.step(2);
      await refused;

      expect(await next).toBe(LARGE.length);
    },
  );

  it('counts the time in full for which a thread does not answer: it is within a call of the engine', async () => {
    const parser = new ThreadedParser(clock, {
      program: HANGING('for (;;);'),
      cpuMs: () => new Promise(() => undefined),
    });
    const late = parser.parse(fileOf(`${LARGE}hang`), never);
    const refused = expect(late).rejects.toMatchObject({ message: TOO_LARGE });
    await clock.step(10_500);
    await refused;
  });

  it('learns the CPU time of a thread that spins', async () => {
    const parser = new ThreadedParser(systemClock(), { program: HANGING('for (;;);') });
    const stop = new AbortController();
    const known: number[] = [];
    const measured = new ThreadedParser(systemClock(), {
      program: HANGING('for (;;);'),
      cpuMs: async (worker) => {
        const { user } = await worker.cpuUsage();
        if (known.push(user) === 2) stop.abort(new Error('known'));
        return 0;
      },
    });
    await expect(measured.parse(fileOf(`${LARGE}hang`), stop.signal)).rejects.toThrow('known');
    expect(known.every((user) => user > 0)).toBe(true);
    expect(await parser.parse(fileOf(LARGE), never)).toBe(LARGE.length);
  });

  it('lets a repository delay another by one file at most: they take turns', async () => {
    const parser = new ThreadedParser(clock, {
      program: HANGING('for (;;);'),
      cpuMs: () => Promise.resolve(20_000),
    });
    const stop = new AbortController();
    const hostile = [1, 2, 3].map(() => parser.parse(fileOf(`${LARGE}hang`, 'eve/x'), stop.signal));
    const ended = Promise.allSettled(hostile);

    const others = parser.parse(fileOf(LARGE, 'acme/widget'), never);
    // Ends the first file; the clock stands still for the second one, which would keep all others waiting.
    await clock.step(1_000);
    expect(await others).toBe(LARGE.length);

    stop.abort(new Error('stopped'));
    expect((await ended).map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
  });

  it.each([
    ['once more for a cheap', 900, 2],
    ['only once for an expensive', 1_100, 1],
  ])('reads it %s file, if a choice in it is refused', async (_, cpuMs, want) => {
    const places = [{ line: 1, column: 1 }];
    const reply = `workerData.wanted ? { places: ${JSON.stringify(places)} } : { manifest: 1, cpuMs: ${cpuMs} }`;
    const parser = new ThreadedParser(clock, { program: REPLYING(reply) });
    const file = fileOf(LARGE);
    await parser.parse(file, never);

    const found = await parser.places(file, { pipeline: 'default', paths: [['steps']] }, never);
    expect(found).toEqual(want === 2 ? places : []);
  });

  it.each([
    ['starts no thread', 10_000, 'resolves'],
    ['starts a thread', 20_000, 'rejects'],
  ] as const)('%s for a small file with variables of %i characters', async (_, length, ends) => {
    const file = { ...fileOf(`${HEAD}# \${v#x}`), variables: { v: 'x'.repeat(length) } };
    const parser = new ThreadedParser(clock, { program: program(`throw new Error('a thread')`) });
    const parsed = parser.parse(file, never);
    await (ends === 'resolves'
      ? expect(parsed).resolves.toBeDefined()
      : expect(parsed).rejects.toThrow('needs'));
  });

  it('ends with the signal', async () => {
    const stop = new AbortController();
    const parsed = new ThreadedParser(clock, { program: program('for (;;);') }).parse(
      fileOf(LARGE),
      stop.signal,
    );
    stop.abort(new Error('stopped'));

    await expect(parsed).rejects.toThrow('stopped');
  });
});
