import { describe, expect, it } from 'vitest';
import { judgeSettings } from './judge.ts';
import { SETTINGS, WITHOUT_EFFECT } from './settings.ts';

const verdictOf = (env: Readonly<Record<string, string>>, problems: readonly string[] = []) =>
  judgeSettings(env, problems).map(({ name, verdict }) => [name, verdict]);

describe('judgeSettings', () => {
  it.each([
    ['a setting with the same meaning', 'DRONE_RUNNER_CAPACITY', '10', 'kept'],
    ['a proxy in either spelling', 'https_proxy', 'http://p', 'kept'],
    ['a former name', 'DRONE_REGISTRY_ENDPOINT', 'http://r', 'kept'],
    ['a setting that only Hangar has', 'HANGAR_HARDENING', 'restricted', 'kept'],
    ['one whose meaning differs', 'DRONE_KUBE_CLIENT_QPS', '5', 'changed'],
    ['one that had no effect in the previous runner either', 'DRONE_HTTP_BIND', ':80', 'ignored'],
    ['one that is parsed but has no effect', 'DRONE_RUNNER_MAX_PROCS', '4', 'ignored'],
    ['an empty one', 'DRONE_DEBUG', ' ', 'ignored'],
    ['what Kubernetes sets for a Service', 'DRONE_SERVER_PORT', 'tcp://10.0.0.1:80', 'ignored'],
    ['the same for a port', 'DRONE_SERVER_PORT_80_TCP_ADDR', '10.0.0.1', 'ignored'],
    ['a listen address, which is none of these', 'DRONE_SERVER_PORT', ':3000', 'changed'],
    ['a slip', 'DRONE_RUNER_NAME', 'x', 'unknown'],
    ['a setting of the server', 'DRONE_GITHUB_CLIENT_ID', 'x', 'unknown'],
  ])('classifies %s', (_sentence, name, value, want) => {
    expect(verdictOf({ [name]: value })).toEqual([[name, want]]);
  });

  it('suggests the intended name for a misspelling, and nothing for an unrelated name', () => {
    const words = judgeSettings({ DRONE_RUNER_NAME: 'x', DRONE_GITHUB_CLIENT_ID: 'x' }, []).map(
      (one) => one.words,
    );

    expect(words).toEqual([
      expect.stringContaining('it may be a setting of the server'),
      'it is unknown; did you mean DRONE_RUNNER_NAME?',
    ]);
  });

  it('lists problems first, missing settings included, with the loader’s messages', () => {
    const env = { DRONE_RPC_HOST: 'drone.test', DRONE_RUNNER_CAPACITY: 'many' };
    const problems = ['DRONE_RUNNER_CAPACITY is not a whole number', 'DRONE_RPC_SECRET is not set. Set it'];

    expect(judgeSettings(env, problems).slice(0, 2)).toEqual([
      { name: 'DRONE_RPC_SECRET', verdict: 'wrong', words: 'is not set. Set it' },
      { name: 'DRONE_RUNNER_CAPACITY', verdict: 'wrong', words: 'is not a whole number' },
    ]);
  });

  it('lists each of several problems of one setting, and not those of another with such a beginning', () => {
    const problems = ['DRONE_POLICY_FILE a.yml: one', 'DRONE_POLICY_FILE a.yml: two', 'DRONE_POLICY is old'];

    expect(judgeSettings({ DRONE_POLICY_FILE: 'a.yml' }, problems)).toEqual([
      { name: 'DRONE_POLICY', verdict: 'wrong', words: 'is old' },
      { name: 'DRONE_POLICY_FILE', verdict: 'wrong', words: 'a.yml: one; a.yml: two' },
    ]);
  });

  it('ignores all other variables', () => {
    expect(verdictOf({ PATH: '/bin', HOME: '/', MY_DRONE_TOKEN: 'x' })).toEqual([]);
  });

  it('never shows a value', () => {
    const names = [...Object.values(SETTINGS).map(({ name }) => name), ...Object.keys(WITHOUT_EFFECT)];
    const judged = judgeSettings(Object.fromEntries(names.map((name) => [name, 'sesame'])), []);

    expect(judged).toHaveLength(new Set(names).size);
    expect(JSON.stringify(judged)).not.toContain('sesame');
    expect(judged.filter(({ words }) => words === '')).toEqual([]);
  });
});
