import { existsSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { SETTINGS as AUTOSCALER_SETTINGS } from '@hangar/autoscaler/settings';
import { SETTINGS, WITHOUT_EFFECT } from '@hangar/runner/settings';
import { describe, expect, it } from 'vitest';
import { PAGES, readDocument as read, ROOT as root } from '../suites/docs/pages.ts';

const namesOf = (
  settings: Readonly<Record<string, { readonly name: string; readonly legacyNames: readonly string[] }>>,
): readonly string[] => Object.values(settings).flatMap(({ name, legacyNames }) => [name, ...legacyNames]);

/** Where the variables are made that steps, the testbed's shell and its tools see. */
const makers = [
  'runner/src/compile/stage-environment.ts',
  'runner/src/compile/tag-versions.ts',
  'runner/src/compile/common-environment.ts',
  'runner/src/compile/step-environment.ts',
  'runner/gate/attempts.go',
  'runner/gate/environment.go',
  'testbed/parts/real/facts.ts',
  'testbed/parts/real/plan/layout.ts',
];

const VARIABLE = /\b(?:DRONE|HANGAR)_[A-Z0-9_]*\*?/g;
const isFamily = (name: string): boolean => /[_*]$/.test(name);

const known: ReadonlySet<string> = new Set([
  ...namesOf(SETTINGS),
  ...namesOf(AUTOSCALER_SETTINGS),
  ...Object.keys(WITHOUT_EFFECT),
  ...makers.flatMap((path) => read(path).match(VARIABLE) ?? []).filter((name) => !isFamily(name)),
]);

const scripts = Object.keys((JSON.parse(read('package.json')) as { scripts: object }).scripts);

/** Text without its fenced blocks. */
const prose = (text: string): string => text.replace(/^```[^]*?^```/gm, '');

/** Relative links, without what follows a `#`; code is no link. */
function links(text: string): readonly string[] {
  const plain = prose(text).replace(/`[^`\n]*`/g, 'code');
  return [...plain.matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, target = '']) => target)
    .filter((target) => !/^[a-z]+:/i.test(target));
}

/** The name that GitHub gives a heading. */
const anchorOf = (heading: string): string =>
  heading
    .trim()
    .toLowerCase()
    .replace(/\[([^\]]*)\]\([^)]*\)/g, '$1')
    .replace(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-');

const anchors = (text: string): readonly string[] =>
  [...prose(text).matchAll(/^#+ (.+)$/gm)].map(([, heading = '']) => anchorOf(heading));

/** Links of a page that lead nowhere. */
function broken(page: string, text: string): readonly string[] {
  return links(text).filter((target) => {
    const [path = '', anchor = ''] = target.split('#');
    const file = path === '' ? page : relative(root, join(root, dirname(page), path));
    if (path !== '' && !existsSync(join(root, file))) return true;
    const there = path === '' ? text : file.endsWith('.md') ? read(file) : '';
    return anchor !== '' && file.endsWith('.md') && !anchors(there).includes(anchor);
  });
}

/** Names of `npm run` that package.json lacks. */
const unknownScripts = (text: string): readonly string[] =>
  [...text.matchAll(/\bnpm run(?: -{1,2}[a-z-]+)* ([a-z][\w:-]*)/g)]
    .map(([, name = '']) => name)
    .filter((name) => !scripts.includes(name));

/** Variables that nothing reads or makes; `DRONE_LIMIT_*` matches all with this prefix. */
function unknownVariables(text: string): readonly string[] {
  return (text.match(VARIABLE) ?? []).filter((name) =>
    isFamily(name) ? ![...known].some((one) => one.startsWith(name.replace('*', ''))) : !known.has(name),
  );
}

describe.each(PAGES)('%s', (page) => {
  it('links to what is there', () => {
    expect(broken(page, read(page))).toEqual([]);
  });

  it('names scripts that package.json has', () => {
    expect(unknownScripts(read(page))).toEqual([]);
  });

  it('names variables that exist', () => {
    expect(unknownVariables(read(page))).toEqual([]);
  });
});

describe('a way back', () => {
  const isIndex = (page: string): boolean => page === 'docs/README.md';

  it.each(PAGES.filter((page) => page.startsWith('docs/') && !isIndex(page)))(
    '%s leads to the index',
    (page) => {
      const there = new Set(
        links(read(page)).map((target) => join(dirname(page), target.split('#')[0] ?? '')),
      );
      // A runbook leads to all alerts, and they to the index.
      const isRunbook = page.startsWith('docs/runbooks/');
      expect([...there]).toContain(isRunbook ? 'docs/alerts.md' : 'docs/README.md');
    },
  );
});

describe('README.md', () => {
  const linked = new Set(links(read('README.md')).map((target) => target.split('#')[0]));
  const generated = PAGES.filter((page) => /^Generated (from|by) /m.test(read(page).slice(0, 300)));

  it.each(generated.filter((page) => !page.startsWith('docs/runbooks/')))(
    'leads to %s, which is generated',
    (page) => {
      expect(linked).toContain(page);
    },
  );

  it('leads to every page of docs/', () => {
    const pages = PAGES.filter((page) => /^docs\/[^/]+$/.test(page));
    expect(pages.filter((page) => !linked.has(page))).toEqual([]);
  });

  it('leads to runbooks by way of the alerts', () => {
    const there = new Set(links(read('docs/alerts.md')).map((target) => `docs/${target}`));
    const runbooks = PAGES.filter((page) => page.startsWith('docs/runbooks/'));
    expect(runbooks.length).toBeGreaterThan(0);
    expect(runbooks.filter((page) => !there.has(page))).toEqual([]);
  });
});

describe('the rules above', () => {
  it.each<[string, string, readonly string[]]>([
    ['a file that is there', '[x](role.yaml)', []],
    ['a file that is not', '[x](no-such-page.md)', ['no-such-page.md']],
    ['a file one folder up', '[x](../LICENSE)', []],
    ['a heading that is there', '# How it goes\n[x](#how-it-goes)', []],
    ['a heading that is not', '# How it goes\n[x](#how-it-went)', ['#how-it-went']],
    ['a heading elsewhere that is not', '[x](errors.md#nothing)', ['errors.md#nothing']],
    ['another site', '[x](https://example.test/no-such-page.md)', []],
    ['code', '`[x](no-such-page.md)`\n```\n[x](no-such-page.md)\n```\n', []],
  ])('a link to %s', (_, text, want) => {
    expect(broken('docs/page.md', text)).toEqual(want);
  });

  it.each<[string, readonly string[]]>([
    ['npm run check', []],
    ['npm run -s testbed -- env', []],
    ['npm run no-such-script', ['no-such-script']],
    ['npm run --silent no-such-script', ['no-such-script']],
  ])('%s', (text, want) => {
    expect(unknownScripts(text)).toEqual(want);
  });

  it.each<[string, string, readonly string[]]>([
    ['a setting', 'DRONE_RPC_HOST', []],
    ['an old name of a setting', 'DRONE_REGISTRY_ENDPOINT', []],
    ['a variable of steps', '$DRONE_REPO_NAME', []],
    ['one that the gate sets', 'DRONE_STAGE_STATUS', []],
    ['a family', 'DRONE_LIMIT_*', []],
    ['a misspelt setting', 'DRONE_RPC_HOSTS', ['DRONE_RPC_HOSTS']],
    ['a family without members', 'HANGAR_NOTHING_*', ['HANGAR_NOTHING_*']],
  ])('%s', (_, text, want) => {
    expect(unknownVariables(text)).toEqual(want);
  });
});
