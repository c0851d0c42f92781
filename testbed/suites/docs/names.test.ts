import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { runOrThrow } from '../../parts/real/command.ts';
import { PAGES, ROOT, readDocument } from './pages.ts';

const PROGRAMS = { 'hangar-runner': 'runner', 'hangar-autoscaler': 'autoscaler' } as const;
type Program = keyof typeof PROGRAMS;

/** `hangar-runner lint --json`, anywhere. */
interface Call {
  readonly program: Program;
  readonly command: string;
  readonly flags: readonly string[];
}

const CALL = /\b(hangar-(?:runner|autoscaler)) ([a-z]+)(?![\w./-])((?: +[^\s`|;&)]+)*)/g;

/** Calls of our programs in code of a page, over lines that go on. Pure. */
function callsIn(page: string): readonly Call[] {
  const code = [...page.replace(/\\\n\s*/g, '').matchAll(/^```[^]*?^```|`[^`\n]+`/gm)].map(([text]) => text);
  return code.flatMap((text) =>
    [...text.matchAll(CALL)].map(([, program, command = '', rest = '']) => ({
      program: program as Program,
      command,
      flags: rest
        .replace(/ #.*/, '')
        .split(/\s+/)
        .filter((word) => /^--[a-z]/.test(word))
        .map((word) => word.replace(/=.*/, '')),
    })),
  );
}

const helps = new Map<string, Promise<string>>();

/** The help of a command; rejects where there is no such command. */
function helpOf({ program, command }: Call): Promise<string> {
  const key = `${program} ${command}`;
  const main = join(ROOT, PROGRAMS[program], 'src/main.ts');
  const help =
    helps.get(key) ?? runOrThrow(process.execPath, ['--conditions=source', main, command, '--help'], {});
  helps.set(key, help);
  return help;
}

async function unknown(call: Call): Promise<readonly string[]> {
  const help = await helpOf(call).catch(() => undefined);
  if (help === undefined) return [`${call.program} ${call.command}`];
  return call.flags.filter((flag) => flag !== '--help' && !help.includes(flag));
}

interface Schema {
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: unknown;
}
const SCHEMA = JSON.parse(readDocument('charts/hangar/values.schema.json')) as Schema;

/** Paths such as `runner.rpcSecret.existingSecret`, in code. Pure. */
const valuesIn = (page: string): readonly string[] =>
  [...page.matchAll(/(?<=`|--set )(?:image|runner|autoscaler|jobs|monitoring)(?:\.\w+)+(?=[`=:])/g)].map(
    ([path]) => path,
  );

/** Whether the chart has such a value; any key of a free map counts. Pure. */
function isValue(path: string): boolean {
  let at: Schema | undefined = SCHEMA;
  for (const key of path.split('.')) {
    if (at.properties?.[key] === undefined) return at.properties === undefined;
    at = at.properties[key];
  }
  return true;
}

/** Settings are keys of `config`, and files are no values. */
const isOther = (path: string): boolean => /\.(ts|md|yaml|yml|json|env|log)$/.test(path);

/** Where paths of the pages begin, besides the folder of the page. */
const FOLDERS = [
  '',
  'runner/src',
  'runner/gate',
  'autoscaler/src',
  'shared/src',
  'charts/src',
  'dashboards/src',
  'testbed/suites',
];

/** Source files with a folder, in code. Pure. */
const filesIn = (page: string): readonly string[] =>
  [...page.matchAll(/`([\w-]+(?:\/[\w.-]+)+\.(?:ts|go))`/g)].map(([, path = '']) => path);

const isFile = (page: string, path: string): boolean =>
  [dirname(page), ...FOLDERS].some((folder) => existsSync(join(ROOT, folder, path)));

describe.each(PAGES)('%s', (page) => {
  it('names source files that exist', () => {
    expect(filesIn(readDocument(page)).filter((path) => !isFile(page, path))).toEqual([]);
  });

  it('calls our programs by commands and flags that they have', async () => {
    const problems = await Promise.all(callsIn(readDocument(page)).map(unknown));
    expect(problems.flat()).toEqual([]);
  }, 60_000);

  it('names values that the chart has', () => {
    const paths = valuesIn(readDocument(page)).filter((path) => !isOther(path));
    expect(paths.filter((path) => !isValue(path))).toEqual([]);
  });
});

it('docs/chart-compared.md names values that both programs have', () => {
  const named = [...readDocument('docs/chart-compared.md').matchAll(/`P\.([\w.]+)`/g)].map(
    ([, path]) => path,
  );
  const lacking = named.filter((path) => !isValue(`runner.${path}`) || !isValue(`autoscaler.${path}`));
  expect(named.length).toBeGreaterThan(30);
  expect(lacking).toEqual([]);
});

describe('the rules above', () => {
  it.each([
    ['`npx hangar-runner lint --json a.yml`', []],
    ['`npx hangar-runner fly`', ['hangar-runner fly']],
    ['`hangar-runner lint --jsn a.yml`', ['--jsn']],
    ['```sh\nhangar-autoscaler recommend \\\n  --prs-a-day 5\n```', ['--prs-a-day']],
    ['hangar-runner takes pipelines', []],
  ])(
    'take %s',
    async (text, want) => {
      const problems = await Promise.all(callsIn(text).map(unknown));
      expect(problems.flat()).toEqual(want);
    },
    60_000,
  );

  it.each([
    ['`runner.rpcSecret.existingSecret`', true],
    ['--set runner.config.DRONE_RPC_HOST=x', true],
    ['`runner.rpcSecret.exists`', false],
    ['--set autoscaler.rbac.readOnlys=true', false],
    ['`runner.podLabels.team`', true],
  ])('take the value %s: %s', (text, want) => {
    expect(valuesIn(text).map(isValue)).toEqual([want]);
  });
});
