import { describe, expect, it } from 'vitest';
import { loadConfig } from './load.ts';
import { renderConfiguration } from './render.ts';
import { SETTINGS } from './settings.ts';

function config(env: Record<string, string>) {
  const loaded = loadConfig(env);
  if ('problems' in loaded) throw new Error(loaded.problems.join('\n'));
  return loaded.ok;
}
const problems = (env: Record<string, string>) => {
  const loaded = loadConfig(env);
  return 'problems' in loaded ? loaded.problems : [];
};

describe('the configuration', () => {
  it('needs nothing except a cluster', () => {
    expect(config({})).toMatchObject({
      runners: [],
      tickMs: 10_000,
      cluster: { kubeconfig: '', podSelector: 'app.kubernetes.io/managed-by=hangar-runner' },
      rules: { label: 'node.kubernetes.io/instance-type', taint: '' },
      buffer: { z: 2, floor: 5 },
      listen: { host: '', port: 3001 },
      warnings: [],
    });
  });

  it('reads runners, shapes, and a listen address', () => {
    const read = config({
      HANGAR_AUTOSCALER_RUNNERS: 'http://a:1/, http://b:2',
      HANGAR_AUTOSCALER_SHAPES: 'cpu=16,memory=32Gi;8cpu-16gb',
      HANGAR_AUTOSCALER_LISTEN: '[::1]:0',
      HANGAR_AUTOSCALER_QUOTA_CPU: '64',
    });

    expect(read.runners).toEqual(['http://a:1', 'http://b:2']);
    expect(read.shapes.map(({ name }) => name)).toEqual(['cpu=16,memory=32Gi', '8cpu-16gb']);
    expect(read.listen).toEqual({ host: '::1', port: 0 });
    expect(read.rails.quota).toEqual({ cpuMillicores: 64_000, memoryBytes: Infinity });
  });

  it('reads the address of the Drone server’s metrics, with or without a token', () => {
    const url = 'https://drone.acme.test/metrics';
    expect(config({}).drone).toBeUndefined();
    expect(config({ HANGAR_AUTOSCALER_DRONE_METRICS: url }).drone).toEqual({ url, tokenFile: '' });
    expect(
      config({
        HANGAR_AUTOSCALER_DRONE_METRICS: url,
        HANGAR_AUTOSCALER_DRONE_METRICS_TOKEN_FILE: '/run/token',
      }).drone,
    ).toEqual({ url, tokenFile: '/run/token' });
  });

  it.each([
    ['', { usual: 30, byEvent: {} }],
    ['12.5', { usual: 12.5, byEvent: {} }],
    ['30, cron=1, pull_request=60', { usual: 30, byEvent: { cron: 1, pull_request: 60 } }],
    ['off', undefined],
  ])('reads the price of waiting "%s"', (text, want) => {
    expect(config({ HANGAR_AUTOSCALER_WAIT_PRICE: text }).buffer.waitPrices).toEqual(want);
  });

  it.each([
    ['30s', 30],
    ['1m', 60],
    ['off', undefined],
  ])('reads the bound for the wait "%s"', (text, want) => {
    expect(config({ HANGAR_AUTOSCALER_WAIT_BOUND: text }).buffer.waitBoundSeconds).toBe(want);
    expect(config({}).buffer.waitBoundSeconds).toBeUndefined();
  });

  it.each([
    { HANGAR_AUTOSCALER_WAIT_PRICE: 'off' },
    { HANGAR_AUTOSCALER_FORECAST: 'false' },
    { HANGAR_AUTOSCALER_KUBERNETES: 'off', HANGAR_AUTOSCALER_RUNNERS: 'http://runner:3000' },
  ])('rejects a bound for the wait where nothing could hold it: %j', (without) => {
    expect(problems({ ...without, HANGAR_AUTOSCALER_WAIT_BOUND: '30s' })[0]).toContain('WAIT_BOUND needs');
    expect(problems({ ...without, HANGAR_AUTOSCALER_WAIT_BOUND: 'off' })).toEqual([]);
  });

  it('takes a bound for the wait beside a price of nothing: the bound alone decides', () => {
    const env = { HANGAR_AUTOSCALER_WAIT_BOUND: '30s', HANGAR_AUTOSCALER_WAIT_PRICE: '0' };

    expect(config(env).buffer).toMatchObject({ waitBoundSeconds: 30, waitPrices: { usual: 0 } });
  });

  it('reads prices by shape and pool, floors, and a spend limit', () => {
    const read = config({
      HANGAR_AUTOSCALER_PRICES: '4cpu-8gb=0.19, builds=0.2; cpu=16,memory=32Gi=0.7',
      HANGAR_AUTOSCALER_CURRENCY: 'EUR',
      HANGAR_AUTOSCALER_MAX_SPEND_PER_DAY: '120',
      HANGAR_AUTOSCALER_FLOORS: 'Mon-Fri 08:00-18:00 Europe/Berlin=10; *=2',
    });

    expect(read.money).toEqual({
      prices: { '4cpu-8gb': 0.19, builds: 0.2, 'cpu=16,memory=32Gi': 0.7 },
      currency: 'EUR',
      maxPerDay: 120,
    });
    expect(read.floors.map(({ text, nodes }) => [text, nodes])).toEqual([
      ['Mon-Fri 08:00-18:00 Europe/Berlin', 10],
      ['*', 2],
    ]);
  });

  it.each([
    ['DRONE_METRICS', 'drone.acme.test', 'is not an address'],
    ['DRONE_METRICS', 'https://ci:pass@drone.test/metrics', '(given: "https://…@drone.test/metrics")'],
    ['DRONE_METRICS_TOKEN_FILE', '/run/token', 'no effect alone'],
    ['WAIT_PRICE', 'cron=1', 'does not begin with the usual price'],
    ['WAIT_PRICE', '30,cron', 'which is not event=price'],
    ['WAIT_PRICE', '30,cron=1,cron=2', 'names cron twice'],
    ['WAIT_PRICE', '-1', 'does not begin with the usual price'],
    ['WAIT_BOUND', 'soon', 'is not a duration'],
    ['SCRAPE_DEADLINE', '0s', 'SCRAPE_DEADLINE'],
    ['PRICES', 'builds', 'not name=price'],
    ['PRICES', 'builds=-1', 'not name=price'],
    ['PRICES', 'a=1,a=2', 'names a twice'],
    ['PRICES', '4cpu-8gb=0.19,cpu=16,memory=32Gi=0.7', 'names an invalid shape'],
    ['FLOORS', 'Mon=x', 'has an invalid floor'],
    ['MAX_SPEND_PER_DAY', '5', 'has no effect without prices'],
    ['POOL_LABEL', 'pool=builds', 'is not a label key'],
    ['POD_NAMESPACES', 'drone-*-x', 'has no namespace'],
    ['POD_NAMESPACES', '*', 'has no namespace'],
    ['POOL_TAINT', 'dedicated=builds:NoSchedule', 'is not a taint key'],
  ])('rejects HANGAR_AUTOSCALER_%s=%s', (name, value, problem) => {
    const reported = problems({ [`HANGAR_AUTOSCALER_${name}`]: value });

    expect(reported).toHaveLength(1);
    expect(reported[0]).toContain(`HANGAR_AUTOSCALER_${name}`);
    expect(reported[0]).toContain(problem);
  });

  it('reports all problems at once, each with its variable and remedy', () => {
    const reported = problems({
      HANGAR_AUTOSCALER_RUNNERS: 'runner:3000',
      HANGAR_AUTOSCALER_RUNNER_SERVICE: 'runner',
      HANGAR_AUTOSCALER_TICK: 'soon',
      HANGAR_AUTOSCALER_MIN_NODES: '9',
      HANGAR_AUTOSCALER_MAX_NODES: '3',
      HANGAR_AUTOSCALER_SHAPES: 'large',
      HANGAR_AUTOSCALER_BUFFER_QUANTILE: '95',
      HANGAR_AUTOSCALER_LISTEN: 'nowhere',
    });

    for (const word of [
      'RUNNERS',
      'RUNNER_SERVICE',
      'TICK',
      'MIN_NODES',
      'SHAPES',
      'BUFFER_QUANTILE',
      'LISTEN',
    ])
      expect(reported.filter((one) => one.includes(`HANGAR_AUTOSCALER_${word}`))).not.toEqual([]);
    expect(reported).toHaveLength(8 - 1);
  });

  it.each([
    ['no source of data', { HANGAR_AUTOSCALER_KUBERNETES: 'off' }, 'there is no data source'],
    [
      'a Service without a cluster',
      {
        HANGAR_AUTOSCALER_KUBERNETES: 'off',
        HANGAR_AUTOSCALER_RUNNER_SERVICE: 'ci/r:1',
        HANGAR_AUTOSCALER_RUNNERS: 'http://a',
      },
      'needs the cluster',
    ],
    ['a staleness limit below two ticks', { HANGAR_AUTOSCALER_STALE_AFTER: '10s' }, 'shorter than two ticks'],
  ])('rejects %s', (_sentence, env, want) => {
    expect(problems(env).join('\n')).toContain(want);
  });

  it('warns of an unknown name, but not of those that Kubernetes sets for a Service', () => {
    const read = config({
      HANGAR_AUTOSCALER_TICKS: '5s',
      HANGAR_AUTOSCALER_PORT: 'tcp://10.0.0.1:3001',
      HANGAR_AUTOSCALER_PORT_3001_TCP_ADDR: '10.0.0.1',
    });

    expect(read.warnings).toEqual(['HANGAR_AUTOSCALER_TICKS is not a setting of the autoscaler']);
  });

  it('accepts keys with and without a prefix', () => {
    const { rules } = config({
      HANGAR_AUTOSCALER_POOL_LABEL: 'cloud.google.com/gke-nodepool',
      HANGAR_AUTOSCALER_POOL_TAINT: 'Dedicated_to.builds',
    });

    expect(rules).toEqual({ label: 'cloud.google.com/gke-nodepool', taint: 'Dedicated_to.builds' });
  });

  it('names a misspelled variable beside the other problems: it may be the reason', () => {
    expect(problems({ HANGAR_AUTOSCALER_KUBERNETES: 'off', HANGAR_AUTOSCALER_RUNNER: 'http://a' })).toEqual([
      expect.stringContaining('there is no data source'),
      'HANGAR_AUTOSCALER_RUNNER is not a setting of the autoscaler',
    ]);
  });

  it('has every setting in its document, each once', () => {
    const text = renderConfiguration();

    for (const { name } of Object.values(SETTINGS)) expect(text.split(`| \`${name}\``)).toHaveLength(2);
  });
});

describe('what acts', () => {
  const inPod = { POD_NAMESPACE: 'hangar', POD_NAME: 'hangar-autoscaler-0' };

  it('is a dry run that needs no settings by default', () => {
    expect(config({}).acting).toMatchObject({ dryRun: true, place: false, actuators: [] });
  });

  it('reads one actuator per pool, and its own identity from its Pod', () => {
    const read = config({
      ...inPod,
      HANGAR_AUTOSCALER_ACT: 'on',
      HANGAR_AUTOSCALER_MAX_NODES: '60',
      HANGAR_AUTOSCALER_PLACE: 'on',
      HANGAR_AUTOSCALER_ACTUATORS:
        'builds=node-pool:builds, small=capacity-buffer:ci/room*3,large=placeholder:ci/big',
      HANGAR_AUTOSCALER_POOL_SHAPES: 'builds=4cpu-8gb;large=cpu=16,memory=32Gi',
    }).acting;

    expect(read).toMatchObject({
      dryRun: false,
      place: true,
      actuators: [
        { pool: 'builds', kind: 'node-pool', namespace: '', name: 'builds', chunksPerNode: 1 },
        { pool: 'small', kind: 'capacity-buffer', namespace: 'ci', name: 'room', chunksPerNode: 3 },
        { pool: 'large', kind: 'placeholder', namespace: 'ci', name: 'big', chunksPerNode: 1 },
      ],
      lease: {
        namespace: 'hangar',
        name: 'hangar-autoscaler',
        replica: 'hangar-autoscaler-0',
        termMs: 15_000,
      },
    });
    expect(Object.keys(read.poolShapes)).toEqual(['builds', 'large']);
  });

  it('needs an explicit maximum of nodes to act, and none for a dry run', () => {
    const act = { ...inPod, HANGAR_AUTOSCALER_ACT: 'on' };

    expect(problems(act)).toEqual([
      expect.stringContaining('HANGAR_AUTOSCALER_ACT is on without HANGAR_AUTOSCALER_MAX_NODES'),
    ]);
    expect(config({ ...act, HANGAR_AUTOSCALER_MAX_NODES: '60' }).acting.mostNodes).toBe(60);
    expect(config(inPod).acting.mostNodes).toBe(1_000);
  });

  it('may act with nothing to place or scale, to clear its earlier marks, and warns of it', () => {
    const act = { ...inPod, HANGAR_AUTOSCALER_ACT: 'on', HANGAR_AUTOSCALER_MAX_NODES: '60' };

    expect(config(act).acting).toMatchObject({ dryRun: false, place: false, actuators: [] });
    expect(config(act).warnings).toEqual([
      expect.stringContaining('Hangar only removes its own taints from nodes'),
    ]);
    expect(config({ ...act, HANGAR_AUTOSCALER_PLACE: 'on' }).warnings).toEqual([]);
    expect(config({}).warnings).toEqual([]);
  });

  it('reports all of its problems at once', () => {
    const reported = problems({
      HANGAR_AUTOSCALER_ACT: 'on',
      HANGAR_AUTOSCALER_ACTUATORS:
        'a=node-pool:x/y,b=asg:b,c,d=placeholder:ci,e=node-pool:e,e=capacity-buffer:ci/e,f=node-pool:e',
      HANGAR_AUTOSCALER_LEASE_TERM: '1s',
    }).join('\n');

    for (const text of [
      'has no object for the pool a: write node-pool:NAME',
      'has an unknown kind "asg" for the pool b',
      'has no POOL=KIND:OBJECT in "c"',
      'has no object for the pool d: write placeholder:NAMESPACE/NAME',
      'has two actuators for the pool e',
      'scales node-pool /e by two pools',
      'HANGAR_AUTOSCALER_LEASE_NAMESPACE is not set, nor is POD_NAMESPACE',
      'HANGAR_AUTOSCALER_REPLICA is not set, nor is POD_NAME or HOSTNAME',
      'HANGAR_AUTOSCALER_LEASE_TERM is too short',
    ])
      expect(reported).toContain(text);
  });

  it.each([
    [
      'acting without a cluster',
      {
        HANGAR_AUTOSCALER_KUBERNETES: 'off',
        HANGAR_AUTOSCALER_RUNNERS: 'http://a',
        HANGAR_AUTOSCALER_PLACE: 'on',
      },
      'need the cluster',
    ],
    [
      'placeholders that would fit any pool',
      { HANGAR_AUTOSCALER_ACTUATORS: 'default=placeholder:ci/room' },
      'placeholders for the pool default',
    ],
    [
      'an invalid shape',
      { HANGAR_AUTOSCALER_POOL_SHAPES: 'a=huge' },
      'HANGAR_AUTOSCALER_POOL_SHAPES has an invalid shape',
    ],
    [
      'two shapes of a pool',
      { HANGAR_AUTOSCALER_POOL_SHAPES: 'a=4cpu-8gb;a=8cpu-16gb' },
      'names the pool a twice',
    ],
  ])('rejects %s', (_sentence, env, want) => {
    expect(problems(env).join('\n')).toContain(want);
  });
});
