import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { V1Node } from '@kubernetes/client-node';
import { describe, expect, it, onTestFinished } from 'vitest';
import { aNodeObject } from '../admit/testing/a-node.ts';
import { ScriptedServer } from '../edges/testing/scripted-server.ts';
import { type Report, reportOf, reportText } from './doctor/report.ts';
import { commandLine } from './testing/command-line.ts';
import { startTinyCluster } from './testing/tiny-cluster.ts';

const GOOD = { DRONE_RPC_PROTO: 'https', DRONE_RPC_HOST: 'drone.test', DRONE_RPC_SECRET: 'open-sesame-a1b2' };

async function run(
  args: readonly string[],
  env: Readonly<Record<string, string>> = GOOD,
  files: Readonly<Record<string, string>> = {},
) {
  const { code, printed, complained } = await commandLine(['doctor', ...args], files, { env });
  return { code, said: printed.join('\n'), complained: complained.join('\n') };
}

async function examined(
  args: readonly string[],
  env: Readonly<Record<string, string>>,
  files: Readonly<Record<string, string>> = {},
) {
  const { code, said } = await run(['--json', ...args], env, files);
  return { code, report: JSON.parse(said) as Report };
}

/** A Drone server that responds to a ping with that status, and a cluster that grants the rights in `allows`. */
async function outside(status: number, allows: (right: string) => boolean, nodes: readonly V1Node[] = []) {
  const server = await ScriptedServer.playing({ status });
  const cluster = await startTinyCluster(allows, nodes);
  const folder = mkdtempSync(join(tmpdir(), 'hangar-doctor-'));
  writeFileSync(join(folder, 'kubeconfig'), cluster.kubeconfig);
  onTestFinished(async () => {
    await server[Symbol.asyncDispose]();
    await cluster.close();
    rmSync(folder, { recursive: true });
  });
  return {
    ...GOOD,
    DRONE_RPC_PROTO: 'http',
    DRONE_RPC_HOST: `127.0.0.1:${server.port}`,
    DRONE_KUBERNETES_CONFIG: join(folder, 'kubeconfig'),
  };
}

describe('doctor, settings only', () => {
  it('groups its findings, and ends with a summary', async () => {
    const env = { ...GOOD, DRONE_KUBE_CLIENT_QPS: '5', DRONE_HTTP_BIND: ':80', DRONE_RUNER_NAME: 'x' };

    const { code, said } = await run(['--offline'], env);

    expect(code).toBe(0);
    expect(said.split('\n\n').map((section) => section.split('\n')[0])).toEqual([
      'Changed: has another meaning than in the previous runner',
      'Ignored',
      'Unknown',
      'Kept: same meaning as in the previous runner, or new in Hangar',
      'Open to untrusted pipelines, as in the previous runner; refused by the defaults of the chart',
      'Drone server: skipped',
      'Kubernetes: skipped',
      'Gate image: skipped',
      'Settings: 1 changed, 1 ignored, 1 unknown, 3 kept',
    ]);
    expect(said).toContain('did you mean DRONE_RUNNER_NAME?');
    expect(said).toMatch(
      /Checks: {3}3 skipped\nWarnings: \d+\nIncomplete: [^\n]*, but 3 checks were skipped and 1 setting is unknown\.$/,
    );
  });

  it.each([
    ['passed', 'Passed: ', [{ verdict: 'kept' }], [{ result: 'ok' }]],
    [
      'incomplete with an unknown setting',
      'Incomplete: no error was found, but 1 setting is unknown\\.$',
      [{ verdict: 'unknown' }],
      [{ result: 'ok' }],
    ],
    [
      'incomplete with a skipped check',
      'Incomplete: no error was found, but 1 check was skipped\\.$',
      [{ verdict: 'kept' }],
      [{ result: 'skipped' }],
    ],
    ['failed with a wrong setting', 'Failed: ', [{ verdict: 'wrong' }], [{ result: 'skipped' }]],
    ['failed with a failed check', 'Failed: ', [{ verdict: 'unknown' }], [{ result: 'failed' }]],
  ] as const)('has %s', (name, text, settings, checks) => {
    const report = reportOf({
      settings: settings.map((one) => ({ name: 'A', words: 'w', ...one })),
      checks: checks.map((one) => ({ what: 'Kubernetes', words: [], ...one })),
      rules: [],
      warnings: [],
    });

    expect(name).toContain(report.verdict);
    expect(report.ok).toBe(report.verdict !== 'failed');
    expect(reportText(report).split('\n').at(-1)).toMatch(new RegExp(`^${text}`));
  });

  it('has colours only if they are wanted', async () => {
    const { settings, checks, rules, warnings } = (await examined(['--offline'], GOOD)).report;
    const report = reportOf({ settings, checks, rules, warnings });

    expect(reportText(report)).not.toContain('\u001b');
    expect(reportText(report, true)).toContain('\u001b[33mIncomplete');
  });

  it.each([
    ['DRONE_RPC_PROTO', 'http'],
    ['DRONE_ENV_PLUGIN_SKIP_VERIFY', 'true'],
    ['DRONE_RPC_SECRET', 'sesame'],
  ])('warns of the insecure %s=%s, once', async (name, value) => {
    const { warnings } = (await examined(['--offline'], { ...GOOD, [name]: value })).report;
    expect(warnings.filter((text) => text.startsWith(name))).toHaveLength(1);
  });

  it('shows what is open to untrusted pipelines, and what the chart would refuse', async () => {
    const { said } = await run(['--offline'], { ...GOOD, HANGAR_UNTRUSTED_NODES: 'none' });

    expect(said).toMatch(/HANGAR_UNTRUSTED_SERVICE_ACCOUNTS=any .*the chart's default is none/);
    expect(said).not.toContain('HANGAR_UNTRUSTED_NODES=');
    // Open in the chart as well: another setting turns caches on.
    expect(said).not.toContain('HANGAR_UNTRUSTED_CACHES');
  });

  it('names the images that an old configuration would lose, or has lost', async () => {
    const old = { ...GOOD, DRONE_RUNNER_PRIVILEGED_IMAGES: 'acme/builder' };

    expect((await run(['--offline'], old)).said).toContain(
      'to keep them, set HANGAR_PRIVILEGED_IMAGES=acme/builder',
    );
    const closed = { ...old, HANGAR_PRIVILEGED_IMAGES: 'none' };
    expect((await run(['--offline'], closed)).said).toContain('DRONE_RUNNER_PRIVILEGED_IMAGES has no effect');
    expect((await run(['--offline'], GOOD)).said).not.toContain('DRONE_RUNNER_PRIVILEGED_IMAGES');
  });

  it('exits with 78 if the runner would not start, and then makes no requests', async () => {
    const { code, report } = await examined([], { DRONE_RPC_HOST: 'drone.test' });

    expect([code, report.ok]).toEqual([78, false]);
    expect(report.settings[0]).toMatchObject({ name: 'DRONE_RPC_SECRET', verdict: 'wrong' });
    expect(report.checks.map(({ result }) => result)).toEqual(['skipped', 'skipped', 'skipped']);
  });

  it('exits with 78 if a check failed, and does not claim that the runner would not start', async () => {
    const env = await outside(401, () => true);
    const { code, said } = await run([], env);

    expect(code).toBe(78);
    expect(said.split('\n').at(-1)).toBe(
      'Failed: a setting is wrong or a check failed. Correct the errors above.',
    );
  });

  it('does not read .env of the working directory: the clone of a repository may have one', async () => {
    const files = { '.env': 'DRONE_RPC_SECRET=s\nDRONE_KUBERNETES_CONFIG=hostile\n' };
    const { code, report } = await examined(['--offline'], { DRONE_RPC_HOST: 'drone.test' }, files);

    expect([code, report.ok]).toEqual([78, false]);
    expect(report.settings.map(({ name }) => name)).not.toContain('DRONE_KUBERNETES_CONFIG');
  });

  it('reads a file in place of the environment', async () => {
    const files = { 'old.env': 'DRONE_RPC_HOST=drone.test\nDRONE_RPC_SECRET=sesame\n' };

    const { code, said } = await run(['--offline', '--env-file', 'old.env'], { DRONE_DEBUG: 'maybe' }, files);

    expect(code).toBe(0);
    expect(said).toContain('DRONE_RPC_HOST, DRONE_RPC_SECRET');
    expect(said).not.toContain('DRONE_DEBUG');
  });

  it('reports problems in files that the settings name', async () => {
    const files = { 'policy.yml': 'kind: policy\nname: a\nmatch:\n  repos: [x]\n' };

    const { said } = await run(['--offline'], { ...GOOD, DRONE_POLICY_FILE: 'policy.yml' }, files);

    expect(said).toContain('Warnings\n  DRONE_POLICY_FILE policy.yml: policy 1.match: unknown key "repos"');
  });

  it.each([
    ['an unknown flag', ['--force']],
    ['a missing file', ['--env-file', 'nowhere.env']],
    ['an invalid file', ['--env-file', 'bad.env']],
    ['an argument that is not a flag', ['old.env']],
  ])('exits with 2 for %s', async (_sentence, args) => {
    const { code, complained } = await run(args, GOOD, { 'bad.env': 'no separator' });

    expect(code).toBe(2);
    expect(complained).toContain('hangar-runner doctor:');
  });
});

describe('doctor, of a Deployment or values of Helm', () => {
  const deployment = `
apiVersion: apps/v1
kind: Deployment
spec:
  template:
    spec:
      containers:
        - name: runner
          envFrom: [{ secretRef: { name: drone } }]
          env: [{ name: DRONE_KUBE_CLIENT_QPS, value: "5" }]
`;

  it('judges the variables of a Deployment, and names the objects that hold the others', async () => {
    const { code, said } = await run(['--deployment', '/old.yaml'], {}, { '/old.yaml': deployment });

    expect(code).toBe(0);
    expect(said).toContain('DRONE_KUBE_CLIENT_QPS');
    expect(said).toContain('not checked: Secret drone (all its keys)');
  });

  it('reports a wrong variable of a Deployment, and one that is missing where nothing else holds it', async () => {
    const wrong = deployment
      .replace('"5"', '"many"')
      .replace('          envFrom: [{ secretRef: { name: drone } }]\n', '');
    const { code, said } = await run(['--deployment', '/old.yaml'], {}, { '/old.yaml': wrong });

    expect(code).toBe(78);
    expect(said).toContain('"many"');
    expect(said).toContain('DRONE_RPC_SECRET');
  });

  it('does not read a Deployment as an environment file', async () => {
    const { code, complained } = await run(['--env-file', '/old.yaml'], {}, { '/old.yaml': deployment });

    expect(code).toBe(2);
    expect(complained).toContain('--deployment');
  });

  it('prints new values, with what a person must know as comments', async () => {
    const old = 'image: { tag: 1 }\nreplicaCount: 2\n';
    const { code, said } = await run(['--helm-values', '/old.yaml'], {}, { '/old.yaml': old });

    expect(code).toBe(0);
    expect(said.split('\n')[0]).toMatch(/^# image is not translated/);
    expect(said).toContain('replicas: 2');
  });

  it('refuses values that are no map', async () => {
    expect((await run(['--helm-values', '/old.yaml'], {}, { '/old.yaml': '- a' })).code).toBe(2);
  });
});

describe('doctor, with server and cluster', () => {
  it.each([
    [404, 'failed', 'does not exist in its registry', 78],
    [500, 'ok', 'whether the gate', 0],
  ])('a registry that answers %i about the gate’s image: %s', async (status, result, words, exit) => {
    const registry = await ScriptedServer.playing({ status });
    onTestFinished(() => registry[Symbol.asyncDispose]());
    const HANGAR_GATE_IMAGE = `127.0.0.1:${registry.port}/hangar-gate:1`;
    const { code, report } = await examined([], { ...(await outside(204, () => true)), HANGAR_GATE_IMAGE });

    const gate = report.checks.find(({ what }) => what === 'Gate image');
    expect([code, gate?.result]).toEqual([exit, result]);
    expect(gate?.words.join(' ')).toContain(words);
  });

  it('reports success if server and cluster are as required', async () => {
    const { code, report } = await examined([], await outside(204, () => true));

    expect([code, report.checks.map(({ result }) => result)]).toEqual([0, ['ok', 'ok', 'skipped', 'ok']]);
    expect(report.checks[3]?.words.join()).toContain('HANGAR_PRIVATE_REGISTRIES=none refuses those');
  });

  it.each([
    {
      name: 'a secret that the server refuses',
      status: 401,
      denied: '',
      what: 'Drone server',
      cure: 'DRONE_RPC_SECRET',
    },
    {
      name: 'a right that is missing',
      status: 204,
      denied: 'create pods',
      what: 'Kubernetes',
      cure: 'create pods',
    },
  ])('exits with 78 for $name, and names the remedy', async ({ status, denied, what, cure }) => {
    const { code, report } = await examined([], await outside(status, (right) => right !== denied));

    expect(code).toBe(78);
    const failed = report.checks.filter(({ result }) => result === 'failed');
    expect(failed.map((one) => one.what)).toEqual([what]);
    expect(failed[0]?.words.join('\n')).toContain(cure);
  });

  it('accepts a missing optional right, and reports the disabled feature', async () => {
    const { code, report } = await examined([], await outside(204, (one) => one !== 'watch events'));

    expect(code).toBe(0);
    expect(report.checks[1]?.words.join('\n')).toContain('optional: the runner is not allowed');
  });

  it.each([
    { name: 'fixed, as far as they tell', labels: {}, result: 'ok', words: 'permissions are granted' },
    {
      name: 'autoscaled',
      labels: { 'karpenter.sh/nodepool': 'builds' },
      result: 'failed',
      words: 'Unset HANGAR_BUDGET_NODES',
    },
    {
      name: 'of a managed pool',
      labels: { 'cloud.google.com/gke-nodepool': 'builds' },
      result: 'ok',
      words: 'Check that the size of the pool is fixed',
    },
  ])('looks at nodes where stages wait for them: $name', async ({ labels, result, words }) => {
    const env = await outside(204, () => true, [aNodeObject('n1', { labels })]);
    const { code, report } = await examined([], { ...env, HANGAR_BUDGET_NODES: 'true' });
    expect([code, report.checks[1]?.result]).toEqual([result === 'ok' ? 0 : 78, result]);
    expect(report.checks[1]?.words.join('\n')).toContain(words);

    const plain = await examined([], env);
    expect(plain.report.checks[1]).toMatchObject({ result: 'ok', words: [expect.any(String)] });
  });

  it('requires the right to list and watch nodes only where stages wait for them', async () => {
    const env = await outside(204, (right) => !right.endsWith(' nodes'));
    expect((await examined([], env)).code).toBe(0);
    const { code, report } = await examined([], { ...env, HANGAR_BUDGET_NODES: 'true' });
    expect(code).toBe(78);
    expect(report.checks[1]?.words.join('\n')).toContain(
      '{ apiGroups: [""], resources: [nodes], verbs: [list, watch] }',
    );
  });

  it('skips the cluster if it can’t be reached: the old runner may run elsewhere', async () => {
    const { DRONE_KUBERNETES_CONFIG: _, ...env } = await outside(204, () => true);

    const { code, report } = await examined([], { ...env, KUBERNETES_SERVICE_HOST: '10.0.0.1' });

    expect([code, report.checks[1]?.result]).toEqual([0, 'skipped']);
  });

  it('shows no secret', async () => {
    const { said } = await run([], { ...(await outside(401, () => false)), DRONE_UI_PASSWORD: 'open' });

    expect(said).not.toMatch(/sesame|open\b/);
  });
});
