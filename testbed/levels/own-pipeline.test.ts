import { describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { attempt } from '../parts/real/command.ts';
import { ROOT, readDocument as read } from '../suites/docs/pages.ts';
import { CHECKS, TESTS } from './checks.ts';
import { LEVELS } from './levels.ts';

interface Pipeline {
  readonly steps: readonly { readonly image: string; readonly commands: readonly string[] }[];
}

const { steps } = parse(read('.drone.yml')) as Pipeline;
const commands = steps.flatMap((step) => step.commands);
const scripts = (JSON.parse(read('package.json')) as { scripts: Readonly<Record<string, string>> }).scripts;

const runner = (...words: readonly string[]) =>
  attempt(process.execPath, ['--conditions=source', 'runner/src/main.ts', ...words], { folder: ROOT });

describe('the pipeline of this repository', () => {
  it('passes the linter without a warning, as one of a repository that is not trusted', async () => {
    expect(await runner('lint')).toEqual({ exitCode: 0, stdout: '', stderr: '' });
  });

  it('is compiled to a Pod with its steps', async () => {
    const { exitCode, stdout } = await runner('compile');
    expect(exitCode).toBe(0);
    for (const { image } of steps) expect(stdout).toContain(image);
  });

  it('makes each check of `npm run check`; npm ci refuses a lock file that is not whole', () => {
    const asWritten = (name: string, args: readonly string[]): string => {
      if (name === 'lock file is complete') return 'npm ci';
      if (name === 'workflows') return scripts['workflows'] ?? '';
      return args[0] === 'exec' ? `npx ${args.slice(2).join(' ')}` : `npm run -s ${args[1]}`;
    };
    const checks = CHECKS.filter(({ name }) => !TESTS.includes(name));
    const expected = checks.map(({ name, args }) => asWritten(name, args));
    expect(expected.filter((command) => !commands.includes(command))).toEqual([]);
  });

  it('runs levels of tests that need nothing but what npm ci brings along', () => {
    const named = commands.flatMap((command) => /^npm test -- (.+)$/.exec(command)?.[1]?.split(' ') ?? []);
    const needless = LEVELS.filter(({ needs }) => needs.length === 0).map(({ name }) => name);
    expect(named.length).toBeGreaterThan(1);
    expect(named.filter((name) => !needless.includes(name))).toEqual([]);
  });

  it('uses the versions of Node and Go that the images are built with', () => {
    const dockerfile = read('Dockerfile');
    for (const { image } of steps) {
      const [name, version = ''] = image.split(':');
      const base = new RegExp(`^ARG \\w+=${RegExp.escape(name ?? '')}:(\\S+)$`, 'm').exec(dockerfile)?.[1];
      expect(base?.split('-')[0], image).toBe(version.split('-')[0]);
    }
  });
});
