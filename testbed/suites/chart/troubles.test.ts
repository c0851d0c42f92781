import type { V1ContainerStatus, V1Pod, V1Role } from '@kubernetes/client-node';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { until } from '../../parts/until.ts';
import { Site, takesTraffic } from './site.ts';

let site: Site;
beforeAll(async () => {
  site = await Site.open();
});
afterEach(async () => {
  await site.helmRun('uninstall', 'hangar', '--wait', '--timeout', '2m');
});
afterAll(async () => {
  await site.close();
});

const only = (component: 'runner' | 'autoscaler') =>
  component === 'runner' ? { autoscaler: { enabled: false } } : {};
const statusOf = (pod: V1Pod): V1ContainerStatus | undefined => pod.status?.containerStatuses?.[0];
/** What `kubectl describe pod` shows of its last end. */
const lastWords = (pod: V1Pod): string => {
  const status = statusOf(pod);
  return (status?.lastState?.terminated ?? status?.state?.terminated)?.message ?? '';
};
/** Whether a line of it names what is wrong and where the cure belongs. */
const says = (text: string, ...words: readonly RegExp[]): boolean =>
  text.split('\n').some((line) => words.every((word) => word.test(line)));

describe('problems after an install are reported in one line', () => {
  it('a Secret that is not there: at the install, and by the Pod, which starts as soon as it is', async () => {
    const values = site.values({ ...only('runner'), runner: { rpcSecret: { existingSecret: 'late' } } });
    expect(await site.install(values)).toContain('! The Secret late does not exist');
    const waiting = await site.podThat(
      'runner',
      'the Pod to wait for its Secret',
      (pod) => statusOf(pod)?.state?.waiting?.message === 'secret "late" not found',
    );
    expect(statusOf(waiting)?.state?.waiting?.reason).toBe('CreateContainerConfigError');
    expect(statusOf(waiting)?.restartCount).toBe(0);
    await site.kubectl([
      'create',
      'secret',
      'generic',
      'late',
      '--from-literal=DRONE_RPC_SECRET=chart-secret',
    ]);
    await site.podThat('runner', 'the runner to be ready', takesTraffic);
  });

  it('a wrong token: the runner stays, is not ready, and reports where the token belongs', async () => {
    await site.kubectl(['create', 'secret', 'generic', 'wrong', '--from-literal=DRONE_RPC_SECRET=nonsense']);
    await site.install(
      site.values({ ...only('runner'), runner: { rpcSecret: { existingSecret: 'wrong' } } }),
    );
    const pod = await site.podThat('runner', 'a word about the token', async (one) =>
      says(await site.logs(one).catch(() => ''), /cannot ping the Drone server/, /DRONE_RPC_SECRET/),
    );
    expect(takesTraffic(pod)).toBe(false);
    expect(statusOf(pod)?.restartCount).toBe(0);
  });

  it('a wrong value in a ConfigMap of old: the Pod ends with that line as its last word', async () => {
    await site.kubectl(['create', 'configmap', 'old', '--from-literal=DRONE_RUNNER_CAPACITY=many']);
    await site.install(
      site.values({ ...only('runner'), runner: { envFrom: [{ configMapRef: { name: 'old' } }] } }),
    );
    const pod = await site.podThat('runner', 'the last words', (one) => lastWords(one) !== '');
    expect(
      says(lastWords(pod), /DRONE_RUNNER_CAPACITY is not a whole number \(given: "many"\)\. Write/),
    ).toBe(true);
    const status = statusOf(pod);
    expect((status?.lastState?.terminated ?? status?.state?.terminated)?.exitCode).toBe(78);
  });

  it('a right that was taken away: the Pod ends with the rule to add as its last word', async () => {
    await site.install(site.values(only('runner')), '--wait', '--timeout', '3m');
    const [role] = (await site.list<V1Role>('roles', '', site.jobs)).filter(
      (one) => one.metadata?.name === 'hangar-runner-pods',
    );
    const rules = (role?.rules ?? []).filter((rule) => rule.resources?.[0] !== 'pods/log');
    await site.kubectl([
      'patch',
      'role',
      'hangar-runner-pods',
      '-n',
      site.jobs,
      '--type=merge',
      '-p',
      JSON.stringify({ rules }),
    ]);
    await site.kubectl(['delete', 'pods', '-l', 'app.kubernetes.io/component=runner', '--wait=false']);
    const pod = await site.podThat(
      'runner',
      'the last words',
      (one) => lastWords(one) !== '' && !takesTraffic(one),
    );
    const words = lastWords(pod);
    expect(says(words, /get pods\/log \(logs of steps are read\)/, /Add to a Role of namespace/)).toBe(true);
    expect(says(words, /resources: \[pods\/log\], verbs: \[get\]/)).toBe(true);
  });

  it('acting that is on without its rights: the autoscaler continues to recommend, and reports which rules to add', async () => {
    await site.install(
      site.values({
        autoscaler: {
          config: {
            HANGAR_AUTOSCALER_ACT: 'on',
            HANGAR_AUTOSCALER_MAX_NODES: 9,
            HANGAR_AUTOSCALER_PLACE: 'on',
          },
          rbac: { lead: true },
        },
      }),
    );
    let pod: V1Pod | undefined;
    await until('a word about nodes', 120_000, async () => {
      [pod] = (await site.pods('autoscaler')).filter(takesTraffic);
      const text = pod === undefined ? '' : await site.logs(pod);
      return says(text, /surplus nodes are not marked/, /resources: \[nodes\], verbs: \[get, patch\]/);
    });
    expect(statusOf(pod ?? {})?.restartCount).toBe(0);
  });
});
