import { closeSync, mkdtempSync, openSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { FakeClock } from '@hangar/shared/testing/fake-clock';
import { afterAll, describe, expect, it, vi } from 'vitest';
import { parseManifest } from '../parse/manifest.ts';
import type { PipelineFile } from '../parse/pipeline-file.ts';
import { PipelineError } from '../pipeline/pipeline-error.ts';
import { cpuMsIn, processCpuMs } from './bare-process.ts';
import { IsolatedParser } from './parse-in-process.ts';

const fileOf = (yaml: string, owner = 'acme/widget'): PipelineFile => ({
  ...{ owner, yaml, variables: { w: 'W' }, limitBytes: 1_000_000 },
});
const never = new AbortController().signal;
const folder = mkdtempSync(join(tmpdir(), 'hangar-parse-'));
let programs = 0;
const program = (text: string): URL => {
  const path = join(folder, `${programs++}.mjs`);
  writeFileSync(path, text);
  return pathToFileURL(path);
};
const HEAD = 'kind: pipeline\ntype: kubernetes\nname: default\nsteps:\n- {name: a, image: b}\n';
/** Long enough to be parsed in a process. */
const LARGE = `${HEAD}# ${'x'.repeat(40_000)}`;

const TOO_LARGE = 'the pipeline file needs more than 10 s or 256 MiB to parse; split it';
const REPLYING = (reply: string): URL =>
  program(`process.once('message', (order) => process.send(${reply}));`);
/** Runs this for a file that ends with `hang`, else replies its length. */
const HANGING = (text: string): URL =>
  program(`
    process.once('message', ({ yaml }) => {
      if (yaml.endsWith('hang')) { ${text} }
      else process.send({ manifest: yaml.length, cpuMs: 0 });
    });
  `);

describe('IsolatedParser', { timeout: 60_000 }, () => {
  const clock = new FakeClock();
  /** A process has started, and its limits count. */
  const started = () => vi.waitFor(() => expect(clock.pending).toBe(2), { timeout: 20_000 });
  afterAll(() => rmSync(folder, { recursive: true }));

  it.each([
    ['small', HEAD],
    ['large', LARGE],
  ])('returns what a direct call returns, for a %s file', async (_, text) => {
    expect(await new IsolatedParser(clock).parse(fileOf(text), never)).toEqual(parseManifest(text));
  });

  it.each([
    ['small', 'kind: ['],
    ['large', `${LARGE}\nkind: [`],
  ])('throws what a direct call throws, for a %s file', async (_, text) => {
    await expect(new IsolatedParser(clock).parse(fileOf(text), never)).rejects.toMatchObject({
      code: 'yaml',
      message: expect.stringMatching(/^yaml: line \d+: /) as string,
    });
  });

  it('starts no process for a small file', async () => {
    const parser = new IsolatedParser(clock, { program: program(`throw new Error('a process')`) });

    await expect(parser.parse(fileOf(HEAD), never)).resolves.toBeDefined();
    await expect(parser.parse(fileOf(LARGE), never)).rejects.toThrow('needs more than 10 s or 256 MiB');
  });

  it.each([
    ['starts no process', 0, 'resolves'],
    ['starts a process', 1, 'rejects'],
  ] as const)('%s for file and variables of 16 KiB together and %i characters', async (_, more, ends) => {
    const variables = { v: 'x'.repeat(999), w: 'x'.repeat(999) };
    const yaml = `${HEAD}#${'x'.repeat(16 * 1024 - 2_000 - HEAD.length - 1 + more)}`;
    const parser = new IsolatedParser(clock, { program: program(`throw new Error('a process')`) });
    const parsed = parser.parse({ ...fileOf(yaml), variables }, never);
    await (ends === 'resolves'
      ? expect(parsed).resolves.toBeDefined()
      : expect(parsed).rejects.toThrow('needs'));
  });

  it('starts a process for a small file that substitution makes large', async () => {
    const small = { ...fileOf(`${HEAD}# \${v}`), variables: { v: 'x'.repeat(40_000) } };
    const parser = new IsolatedParser(clock, { program: program(`throw new Error('a process')`) });

    await expect(parser.parse(small, never)).rejects.toThrow('needs more than');
    expect(await new IsolatedParser(clock).parse(small, never)).toEqual(parseManifest(HEAD));
  });

  it.each([
    ['small', '${w'],
    ['large', `${LARGE}\n\${w`],
  ])('replaces the expressions first, in a %s file', async (_, text) => {
    await expect(new IsolatedParser(clock).parse(fileOf(text), never)).rejects.toMatchObject({
      code: 'substitution',
      message: 'missing closing brace',
    });
  });

  it.each([
    ['that spins', 'for (;;);', 'late'],
    ['that is idle', 'setInterval(() => undefined, 1_000);', 'early'],
  ])(
    'ends a process %s when its CPU time is used up, not sooner, and parses the next file',
    async (_, text, kind) => {
      const used = { ms: 0 };
      const parser = new IsolatedParser(clock, {
        program: HANGING(text),
        cpuMs: () => Promise.resolve(used.ms),
      });
      const late = parser.parse(fileOf(`${LARGE}hang`), never);
      const next = parser.parse(fileOf(LARGE), never);
      const refused = expect(late).rejects.toMatchObject({ code: 'pipeline-too-large', message: TOO_LARGE });
      await started();
      // Other load kept the process from running: twice the limit by the clock is no reason to refuse.
      await clock.step(20_000);
      used.ms = kind === 'late' ? 10_001 : 9_000;
      await clock.step(kind === 'late' ? 500 : 39_999);
      if (kind === 'early') await clock.step(2);
      await refused;

      expect(await next).toBe(LARGE.length);
    },
  );

  it('limits a process by the clock alone where its CPU time is not known', async () => {
    const parser = new IsolatedParser(clock, {
      program: HANGING('for (;;);'),
      cpuMs: () => Promise.reject(new Error('no /proc')),
    });
    const late = parser.parse(fileOf(`${LARGE}hang`), never);
    const ends = { count: 0 };
    const refused = expect(late.finally(() => (ends.count += 1))).rejects.toMatchObject({
      message: TOO_LARGE,
    });
    await started();
    await clock.step(59_999);
    expect(ends.count).toBe(0);
    await clock.step(1);
    await refused;
  });

  it('learns the CPU time of a process, whatever its name is', async () => {
    expect(cpuMsIn('7 (a) S 1 (b) S 1 7 7 0 -1 4194304 100 0 0 0 250 31 0 0 20 0 11 0')).toBe(2_810);
    const before = process.cpuUsage();
    const known = await processCpuMs(process.pid);
    const after = process.cpuUsage();
    expect(known).toBeGreaterThan((before.user + before.system) / 1_000 - 30);
    expect(known).toBeLessThan((after.user + after.system) / 1_000 + 30);
  });

  it('gives the process nothing of its own environment, where the secrets are', async () => {
    process.env['HANGAR_TEST_SECRET'] = 'do not tell';
    const parser = new IsolatedParser(clock, {
      program: REPLYING('{ manifest: { ...process.env }, cpuMs: 0 }'),
    });

    const environment = await parser.parse(fileOf(LARGE), never);
    expect(JSON.stringify(environment)).not.toMatch(/TEST_SECRET|do not tell|PATH/);
    delete process.env['HANGAR_TEST_SECRET'];
  });

  it('limits the old space of the process to 256 MiB, and gives it no file that is open here', async () => {
    const open = join(folder, 'open');
    writeFileSync(open, 'secret');
    const handle = openSync(open, 'r');
    const parser = new IsolatedParser(clock, {
      program: program(`
        import { readdirSync, readlinkSync } from 'node:fs';
        const pathOf = (fd) => { try { return readlinkSync('/proc/self/fd/' + fd); } catch { return ''; } };
        process.once('message', () => process.send({
          manifest: [process.execArgv, readdirSync('/proc/self/fd').map(pathOf)],
          cpuMs: 0,
        }));
      `),
    });

    const [options, paths] = (await parser.parse(fileOf(LARGE), never)) as unknown as [string[], string[]];
    closeSync(handle);
    expect(options).toContain('--max-old-space-size=256');
    expect(paths.length).toBeGreaterThan(3);
    expect(paths).not.toContain(open);
  });

  it('survives a process that ends, or uses up its memory, and parses the next file', async () => {
    for (const text of [
      'process.abort();',
      'process.exit(0);',
      'for (const a = []; ; ) a.push(new Array(1e6).fill(1.5));',
    ]) {
      const parser = new IsolatedParser(clock, { program: HANGING(text) });
      await expect(parser.parse(fileOf(`${LARGE}hang`), never)).rejects.toMatchObject({ message: TOO_LARGE });
      expect(await parser.parse(fileOf(LARGE), never)).toBe(LARGE.length);
    }
  });

  it('blames no file for an error of our own code, and says where that was', async () => {
    const parser = new IsolatedParser(clock, {
      program: REPLYING(`{ defect: 'TypeError: x\\n at y.ts:1' }`),
    });
    const failed = parser.parse(fileOf(LARGE), never);
    await expect(failed).rejects.toThrow('the parsing process failed: TypeError: x\n at y.ts:1');
    await expect(failed).rejects.not.toBeInstanceOf(PipelineError);
    // The real program, with an order that no code gives.
    await expect(new IsolatedParser(clock).places(fileOf(LARGE), null as never, never)).rejects.toThrow(
      /^the parsing process failed: TypeError: [^]*value-places/,
    );
  });

  it('leaves no timer and no process, however it ends', async () => {
    const before = clock.pending;
    const parser = new IsolatedParser(clock, { program: HANGING('process.exit(0);') });
    await parser.parse(fileOf(LARGE), never);
    await parser.parse(fileOf(`${LARGE}hang`), never).catch(() => undefined);
    expect(clock.pending).toBe(before);
  });

  it('lets a repository delay another by one file at most: they take turns', async () => {
    const parser = new IsolatedParser(clock, {
      program: HANGING('for (;;);'),
      cpuMs: () => Promise.resolve(20_000),
    });
    const stop = new AbortController();
    const hostile = [1, 2, 3].map(() => parser.parse(fileOf(`${LARGE}hang`, 'eve/x'), stop.signal));
    const ended = Promise.allSettled(hostile);

    const others = parser.parse(fileOf(LARGE, 'acme/widget'), never);
    await started();
    // Ends the first file; the clock stands still for the second one, which would keep all others waiting.
    await clock.step(500);
    expect(await others).toBe(LARGE.length);

    stop.abort(new Error('stopped'));
    expect((await ended).map(({ status }) => status)).toEqual(['rejected', 'rejected', 'rejected']);
  });

  it.each([
    ['once more for a cheap', 900, 2],
    ['only once for an expensive', 1_100, 1],
  ])('reads it %s file, if a choice in it is refused', async (_, cpuMs, want) => {
    const places = [{ line: 1, column: 1 }];
    const reply = `order.wanted ? { places: ${JSON.stringify(places)} } : { manifest: 1, cpuMs: ${cpuMs} }`;
    const parser = new IsolatedParser(clock, { program: REPLYING(reply) });
    const file = fileOf(LARGE);
    await parser.parse(file, never);

    const found = await parser.places(file, { pipeline: 'default', paths: [['steps']] }, never);
    expect(found).toEqual(want === 2 ? places : []);
  });

  it.each([
    ['starts no process', 10_000, 'resolves'],
    ['starts a process', 20_000, 'rejects'],
  ] as const)('%s for a small file with variables of %i characters', async (_, length, ends) => {
    const file = { ...fileOf(`${HEAD}# \${v#x}`), variables: { v: 'x'.repeat(length) } };
    const parser = new IsolatedParser(clock, { program: program(`throw new Error('a process')`) });
    const parsed = parser.parse(file, never);
    await (ends === 'resolves'
      ? expect(parsed).resolves.toBeDefined()
      : expect(parsed).rejects.toThrow('needs'));
  });

  it('ends with the signal', async () => {
    const stop = new AbortController();
    const parsed = new IsolatedParser(clock, { program: program('for (;;);') }).parse(
      fileOf(LARGE),
      stop.signal,
    );
    stop.abort(new Error('stopped'));

    await expect(parsed).rejects.toThrow('stopped');
  });
});
