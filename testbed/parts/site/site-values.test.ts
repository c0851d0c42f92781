import { describe, expect, it } from 'vitest';
import { siteValues } from './site-values.ts';

const values = siteValues({
  nodeName: 'node-1',
  images: {
    runner: 'docker.io/hangar/hangar-runner:aa',
    autoscaler: 'docker.io/hangar/hangar-autoscaler:bb',
    gate: '127.0.0.1:15000/hangar/gate:cc',
    clone: 'docker.io/drone/git:latest',
    busybox: 'docker.io/library/busybox:latest',
  },
  addresses: {
    api: { host: '10.199.0.1', port: 1 },
    drone: { host: '10.199.0.1', port: 2 },
    registry: { host: '10.199.0.1', port: 3 },
  },
});

describe('values of the chart for the testbed', () => {
  it('name the images that are on the node; a port of the registry is no tag', () => {
    expect(values.runner.image).toEqual({ repository: 'docker.io/hangar/hangar-runner', tag: 'aa' });
    expect(values.autoscaler.image).toEqual({ repository: 'docker.io/hangar/hangar-autoscaler', tag: 'bb' });
    expect(values.runner.gateImage).toEqual({ repository: '127.0.0.1:15000/hangar/gate', tag: 'cc' });
  });

  it('lead both programs to the API server by a name in its certificate, and only the runner to the Drone server', () => {
    for (const { hostAliases, extraEnv } of [values.runner, values.autoscaler]) {
      expect(hostAliases).toEqual([{ ip: '10.199.0.1', hostnames: ['kubernetes.default.svc'] }]);
      expect(extraEnv).toContainEqual({ name: 'KUBERNETES_SERVICE_PORT', value: '1' });
    }
    expect(values.runner.config.DRONE_RPC_HOST).toBe('10.199.0.1:2');
    expect(values.autoscaler).not.toHaveProperty('config');
  });

  it('keep builds and both programs on the real node', () => {
    const selector = { 'kubernetes.io/hostname': 'node-1' };
    expect(values.runner.nodeSelector).toEqual(selector);
    expect(values.autoscaler.nodeSelector).toEqual(selector);
    expect(values.runner.config.DRONE_NODE_SELECTOR_DEFAULT).toEqual(selector);
  });
});
