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
  it('needs nothing but a cluster around it', () => {
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

  it('takes runners under both names, shapes, and a listen address', () => {
    const read = config({
      HANGAR_RUNNERS: 'http://a:1/, http://b:2',
      HANGAR_AUTOSCALER_SHAPES: 'cpu=16,memory=32Gi;8cpu-16gb',
      HANGAR_AUTOSCALER_LISTEN: '[::1]:0',
      HANGAR_AUTOSCALER_QUOTA_CPU: '64',
    });

    expect(read.runners).toEqual(['http://a:1', 'http://b:2']);
    expect(read.shapes.map(({ name }) => name)).toEqual(['cpu=16,memory=32Gi', '8cpu-16gb']);
    expect(read.listen).toEqual({ host: '::1', port: 0 });
    expect(read.rails.quota).toEqual({ cpuMillicores: 64_000, memoryBytes: Infinity });
  });

  it('tells all problems at once, each with its variable and cure', () => {
    const told = problems({
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
      expect(told.filter((one) => one.includes(`HANGAR_AUTOSCALER_${word}`))).not.toEqual([]);
    expect(told).toHaveLength(8 - 1);
  });

  it.each([
    ['nothing to learn from', { HANGAR_AUTOSCALER_KUBERNETES: 'off' }, 'there is nothing to learn from'],
    [
      'a Service without a cluster',
      {
        HANGAR_AUTOSCALER_KUBERNETES: 'off',
        HANGAR_AUTOSCALER_RUNNER_SERVICE: 'ci/r:1',
        HANGAR_RUNNERS: 'http://a',
      },
      'needs the cluster',
    ],
    ['staleness within a tick', { HANGAR_AUTOSCALER_STALE_AFTER: '10s' }, 'shorter than two ticks'],
  ])('refuses %s', (_sentence, env, want) => {
    expect(problems(env).join('\n')).toContain(want);
  });

  it('warns of a name that nothing reads, not of those that Kubernetes makes for a Service', () => {
    const read = config({
      HANGAR_AUTOSCALER_TICKS: '5s',
      HANGAR_AUTOSCALER_PORT: 'tcp://10.0.0.1:3001',
      HANGAR_AUTOSCALER_PORT_3001_TCP_ADDR: '10.0.0.1',
    });

    expect(read.warnings).toEqual(['HANGAR_AUTOSCALER_TICKS is no setting of the autoscaler']);
  });

  it('has every setting in its document, each once', () => {
    const text = renderConfiguration();

    for (const { name } of Object.values(SETTINGS)) expect(text.split(`| \`${name}\``)).toHaveLength(2);
  });
});
