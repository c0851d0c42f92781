import { type Api, expectStatus } from '../real/kubernetes.ts';
import { cluster } from '../real/plan/layout.ts';
import { until } from '../until.ts';

const PATIENCE_MS = 120_000;

interface PodAnswer {
  readonly metadata: { readonly name: string };
  readonly status?: { readonly phase?: string };
}

/**
 * Makes sure that the bridge of the testbed's Pods is there: it is created with the first Pod, so one is run and deleted.
 *
 * @param image an image that is on the node and has `true`
 * @throws when the Pod has not run after two minutes
 */
export async function makeBridge(api: Api, namespace: string, image: string): Promise<void> {
  const pods = `/api/v1/namespaces/${namespace}/pods`;
  const container = { name: 'bridge', image, imagePullPolicy: 'IfNotPresent', command: ['true'] };
  const nodeSelector = { 'kubernetes.io/hostname': cluster.nodeName };
  const spec = { restartPolicy: 'Never', nodeSelector, containers: [container] };
  const sent = await api('POST', pods, { metadata: { generateName: 'bridge-' }, spec });
  const { metadata } = JSON.parse(expectStatus(sent, [201], 'making the first Pod').body) as PodAnswer;
  const pod = `${pods}/${metadata.name}`;
  try {
    await until('a first Pod to have run', PATIENCE_MS, async () => {
      const answer = expectStatus(await api('GET', pod), [200], 'reading the first Pod');
      return (JSON.parse(answer.body) as PodAnswer).status?.phase === 'Succeeded';
    });
  } finally {
    await api('DELETE', pod);
  }
}
