import { readFileSync } from 'node:fs';
import { loadConfig } from '@hangar/runner/config';
import { RULES } from '@hangar/runner/rules';
import { describe, expect, it } from 'vitest';
import { VALUES } from './values.ts';

const fallback = VALUES.find(({ path }) => path === 'runner.config')?.fallback as Readonly<
  Record<string, string | boolean>
>;
/** As the chart passes them. */
const config: Readonly<Record<string, string>> = Object.fromEntries(
  Object.entries(fallback).map(([name, value]) => [name, String(value)]),
);
const host = { hostname: 'h', version: '1', namespace: 'ci' };
const NAMESPACES = RULES.namespaces.setting;

describe("the chart's default for untrusted pipelines", () => {
  it('has a value for each rule but the one for namespaces, which a template makes of jobs.otherNamespaces', () => {
    const names = Object.values(RULES).map(({ setting }) => setting);
    expect(names.filter((name) => config[name] === undefined)).toEqual([NAMESPACES]);
  });

  it('is understood by the runner, closed for forks, and open to nobody who is not trusted, but for caches, which HANGAR_CACHE turns on', () => {
    const env = {
      DRONE_RPC_HOST: 'd',
      DRONE_RPC_SECRET: 's',
      [NAMESPACES]: 'fork:none,ordinary:none',
      ...config,
    };
    const loaded = loadConfig(env, () => '', host);
    if ('problems' in loaded) throw new Error(loaded.problems.join('\n'));
    const { rules } = loaded.ok.compile.restrictions;
    const { caches } = rules;
    expect(caches).toEqual({ fork: 'any', ordinary: 'any', trusted: 'any' });
    expect(config['HANGAR_CACHE']).toBeUndefined();
    const all = Object.keys(RULES) as readonly (keyof typeof RULES)[];
    const names = all.filter((name) => RULES[name].sinceHangar !== 'open');
    for (const { fork, ordinary, trusted } of names.map((name) => rules[name])) {
      expect([typeof fork === 'number' || fork.length === 0, ordinary === 'any', trusted]).toEqual([
        true,
        false,
        'any',
      ]);
    }
  });

  it('runs no image privileged, in forks or ordinary repositories', () => {
    expect(config[RULES.privilegedImages.setting]).toBe('none');
  });

  it('is opened in the values for who migrates, rule by rule, for what the previous runner has', () => {
    const page = readFileSync(new URL('../../../docs/migrate.md', import.meta.url), 'utf8');
    const opened = [...page.matchAll(/^ {4}(HANGAR_\w+): any$/gm)].map(([, name]) => name);
    expect(opened).toEqual(
      Object.values(RULES).flatMap(({ sinceHangar, setting }) => (sinceHangar ? [] : [setting])),
    );
  });
});
