import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { loadConfig } from './load.ts';
import { SETTINGS, WITHOUT_EFFECT } from './settings.ts';

const HOST = { hostname: 'pod-1', version: '0.1.0', namespace: 'ci' };
const LEAST = { DRONE_RPC_HOST: 'drone.acme.test', DRONE_RPC_SECRET: 'bea26a2221fd8090' };

/** Contents of files by their names; any other name is that of no file. */
const FILES: Readonly<Record<string, string>> = {
  '/policies': 'name: a\nmatch: { repo: acme/* }\nresources: { request: { cpu: 0x10 } }\n',
  '/odd-policies': 'name: [a]\n',
  '/rules': 'ci: [acme/*]\n',
  '/no-yaml': 'a: b: c: [',
  '/variables': 'A=1\nexport B="2"\n',
  '/no-variables': 'a line\n',
  '/binary': '\0\u{1F4A9}\uFFFD',
};
const readFile = (path: string): string => {
  const text = FILES[path];
  if (text === undefined) throw new Error(`ENOENT: no such file, open '${path}'`);
  return text;
};

const words = (text: string): string[] => text.split(' ');
/** Valid for one setting or another. */
const VALID = words(
  'true false 1 0 100 2.5 512MiB 1.5GiB 500m 2 90s 10m 1h a a,b a:b a:b,c:d /a:/b:ro http https any none trusted * acme/* ' +
    'auto off image init eager barrier split peak steps restricted :3000 127.0.0.1:3000 http://plugin:3000/x ' +
    's3://bucket golang:1.25 registry.acme.test:5000/a/b@sha256:00 pool=large drone- ci a.b-c',
);
/** Nearly valid. */
const NEARLY = [
  ...words(
    'TRUE yes 01 0x10 0o10 1_000 1e3 .5 +1 -0 -1 NaN Infinity 1MB 1Q 90 1h30 a: :a a:b: ,, a,,b : * http:// ftp://x :99999 65536',
  ),
  ...words('9007199254740993 1e400 --1 1.2.3 A B/c a//b ../.. a@ @b [a {a}'),
  '',
  ' ',
  ' true ',
  '5 MiB',
  'a, b',
  '"a"',
  '\ttrue\n',
];
/** What nobody means. */
const HOSTILE = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 20 }),
  fc.constantFrom(
    '\0',
    '__proto__',
    'constructor',
    '${A}',
    '$(id)',
    '\u202E',
    'a'.repeat(100_000),
    ','.repeat(999),
  ),
  fc.constantFrom(...Object.keys(FILES), '/nowhere', '/'),
);
const value = fc.oneof(
  { weight: 4, arbitrary: fc.constantFrom(...VALID) },
  { weight: 3, arbitrary: fc.constantFrom(...NEARLY) },
  { weight: 1, arbitrary: HOSTILE },
);
const names = [...Object.values(SETTINGS).map(({ name }) => name), ...Object.keys(WITHOUT_EFFECT)];
const variables = (maxKeys: number) =>
  fc.dictionary(
    fc.oneof(
      { weight: 20, arbitrary: fc.constantFrom(...names) },
      { weight: 1, arbitrary: fc.constantFrom('HANGAR_NO_SUCH', 'http_proxy', '__proto__') },
    ),
    value,
    { maxKeys, noNullPrototype: true },
  );

const problemsOf = (env: Readonly<Record<string, string>>): readonly string[] => {
  const loaded = loadConfig({ ...LEAST, ...env }, readFile, HOST);
  return 'problems' in loaded ? loaded.problems : [];
};

describe('the settings', () => {
  it('are a configuration, or a list of problems that each name a variable and not its secret', () => {
    const seen = { fine: 0, refused: 0 };
    fc.assert(
      fc.property(variables(6), (env) => {
        const loaded = loadConfig({ ...LEAST, ...env }, readFile, HOST);
        if (!('problems' in loaded)) {
          seen.fine += 1;
          return Object.isFrozen(loaded.ok);
        }
        seen.refused += 1;
        return (
          loaded.problems.length > 0 &&
          loaded.problems.every((one) => names.some((name) => one.includes(name)))
        );
      }),
      { numRuns: 10_000 },
    );
    expect(Math.min(seen.fine, seen.refused)).toBeGreaterThan(1_000);
  }, 120_000);

  it('have all their problems in the list: one hides no other', () => {
    fc.assert(
      fc.property(variables(4), (env) => {
        const all = problemsOf(env);
        const alone = Object.entries(env).flatMap(([name, one]) =>
          problemsOf({ [name]: one }).filter((text) => text.startsWith(name)),
        );
        expect(alone.filter((one) => !all.includes(one))).toEqual([]);
      }),
      { numRuns: 3_000 },
    );
  }, 120_000);
});
