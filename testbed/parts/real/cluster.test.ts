import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startSlowRegistry } from '../images/slow-registry.ts';
import { until } from '../until.ts';
import { up } from './cluster.ts';
import { removeImage } from './ctr.ts';
import { connectRealCluster, kubeconfigEnvironment, type RealCluster } from './facts.ts';
import { pushSizedImage } from './images.ts';
import { type Api, adminApi, expectStatus } from './kubernetes.ts';
import { allStatuses } from './services.ts';

const namespace = 'testbed-cluster';
const pods = `/api/v1/namespaces/${namespace}/pods`;
const silent = () => undefined;

interface ContainerStatus {
  readonly state: {
    readonly waiting?: { readonly reason: string; readonly message?: string };
    readonly terminated?: { readonly exitCode: number };
  };
}

let facts: RealCluster;
let api: Api;

async function start(name: string, container: object): Promise<void> {
  const spec = { restartPolicy: 'Never', containers: [{ name: 'main', ...container }] };
  expectStatus(await api('POST', pods, { metadata: { name }, spec }), [201], `making Pod ${name}`);
}

async function containerOf(name: string): Promise<ContainerStatus['state']> {
  const { body } = expectStatus(await api('GET', `${pods}/${name}`), [200], `reading Pod ${name}`);
  const { status } = JSON.parse(body) as { status: { containerStatuses?: readonly ContainerStatus[] } };
  return status.containerStatuses?.[0]?.state ?? {};
}

async function exitCodeOf(name: string): Promise<number> {
  let code = Number.NaN;
  await until(`the end of Pod ${name}`, 90_000, async () => {
    code = (await containerOf(name)).terminated?.exitCode ?? Number.NaN;
    return !Number.isNaN(code);
  });
  return code;
}

const logOf = async (name: string): Promise<string> => (await api('GET', `${pods}/${name}/log`)).body;

beforeAll(async () => {
  facts = await connectRealCluster();
  api = await adminApi(facts.layout);
  // Left over from a run that was broken off: its Pods must be gone before the same names are used again.
  await api('DELETE', `/api/v1/namespaces/${namespace}`);
  await until('the old namespace to go', 90_000, async () => {
    return (await api('GET', `/api/v1/namespaces/${namespace}`)).status === 404;
  });
  const made = await api('POST', '/api/v1/namespaces', { metadata: { name: namespace } });
  expectStatus(made, [201], 'making the namespace');
  await until('its default account', 60_000, async () => {
    return (await api('GET', `/api/v1/namespaces/${namespace}/serviceaccounts/default`)).status === 200;
  });
});

afterAll(async () => {
  await api('DELETE', `/api/v1/namespaces/${namespace}`);
});

describe('up', () => {
  it('leaves a healthy cluster alone: same processes before and after', async () => {
    const before = await allStatuses(facts.layout);

    const outcome = await up(facts.layout, silent);

    expect(outcome).toBe('was up');
    expect(await allStatuses(facts.layout)).toEqual(before);
    expect(before.every(({ health }) => health === 'healthy')).toBe(true);
  });

  it('is safe to call from several places at once', async () => {
    const outcomes = await Promise.all([up(facts.layout, silent), up(facts.layout, silent)]);

    expect(outcomes).toEqual(['was up', 'was up']);
  });

  it('returns the addresses of everything', () => {
    const variables = kubeconfigEnvironment(facts);

    expect(variables['KUBECONFIG']).toBe(facts.adminKubeconfig);
    expect(variables['HANGAR_TESTBED_REGISTRY']).toBe(facts.registry);
  });
});

describe('a Pod', () => {
  it('of busybox really runs, with a token of its account, and its log and exit code can be read', async () => {
    const script = 'echo from the Pod; cat /var/run/secrets/kubernetes.io/serviceaccount/namespace; exit 3';
    await start('runs', { image: 'busybox', imagePullPolicy: 'IfNotPresent', command: ['sh', '-c', script] });

    expect(await exitCodeOf('runs')).toBe(3);
    expect(await logOf('runs')).toBe(`from the Pod\n${namespace}`);
  });

  it('pulls from the registry on loopback', async () => {
    const image = `${facts.registry}/local/plugin:multi`;
    const env = [
      { name: 'PLUGIN_WORD', value: 'pulled' },
      { name: 'PLUGIN_EXIT', value: '4' },
    ];
    await start('pulls', { image, imagePullPolicy: 'Always', env });

    expect(await exitCodeOf('pulls')).toBe(4);
    expect(await logOf('pulls')).toBe('PLUGIN_EXIT=4\nPLUGIN_WORD=pulled\n');
  });

  it('pulls a cold image through a slowed registry, on a port that the node does not know', async () => {
    const slow = await startSlowRegistry({
      upstream: facts.registry,
      bytesPerSecond: 2_000_000,
      latencyMs: 10,
    });
    const name = await pushSizedImage(facts.layout, 'cold/sized', 100_000);
    const image = name.replace(facts.registry, slow.address);
    try {
      await start('cold', { image, command: ['echo', 'warm now'] });

      expect(await exitCodeOf('cold')).toBe(0);
      expect(slow.asked.some((path) => path.includes('/blobs/'))).toBe(true);
    } finally {
      await removeImage(facts.layout, image);
      await slow.close();
    }
  });

  it('with an unknown image gets ErrImagePull and the registry returns not found', async () => {
    await start('hopeless', { image: `${facts.registry}/no/such:image` });

    await until('the pull to fail', 90_000, async () => {
      const reason = (await containerOf('hopeless')).waiting?.reason;
      return reason === 'ErrImagePull' || reason === 'ImagePullBackOff';
    });

    expect((await containerOf('hopeless')).waiting?.message).toContain('not found');
  });

  it('stays Pending beside it when its node is a fake one without room, and runs at once when it has room', async () => {
    const node = {
      metadata: {
        name: 'testbed-fake',
        annotations: { 'kwok.x-k8s.io/node': 'fake' },
        labels: { 'testbed/fake': 'yes' },
      },
      status: {
        allocatable: { cpu: '2', memory: '4Gi', pods: '10' },
        capacity: { cpu: '2', memory: '4Gi', pods: '10' },
      },
    };
    expectStatus(await api('POST', '/api/v1/nodes', node), [201], 'making the fake node');
    const pod = (name: string, cpu: string) => ({
      metadata: { name },
      spec: {
        nodeSelector: { 'testbed/fake': 'yes' },
        containers: [{ name: 'main', image: 'fake', resources: { requests: { cpu } } }],
      },
    });
    const phaseOf = async (name: string) => {
      const { body } = await api('GET', `${pods}/${name}`);
      return (JSON.parse(body) as { status: { phase: string } }).status.phase;
    };
    try {
      await api('POST', pods, pod('too-large', '3'));
      await api('POST', pods, pod('fits', '1'));

      await until('the fitting Pod to run', 90_000, async () => (await phaseOf('fits')) === 'Running');

      expect(await phaseOf('too-large')).toBe('Pending');
    } finally {
      await api('DELETE', `${pods}/fits`);
      await api('DELETE', `${pods}/too-large`);
      await api('DELETE', '/api/v1/nodes/testbed-fake');
    }
  });
});
