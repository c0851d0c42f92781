import { systemClock } from '@hangar/shared/clock';
import type { V1Node, V1Pod } from '@kubernetes/client-node';
import { ObjectApi } from '../../parts/embedded/api/object-api.ts';
import type { KubeObject } from '../../parts/embedded/api/objects.ts';
import { DEFAULT_RESOURCES, type Resource } from '../../parts/embedded/api/resources.ts';
import { Store } from '../../parts/embedded/api/store.ts';
import { Faults } from '../../parts/embedded/faults/faults.ts';
import { Permissions } from '../../parts/embedded/http/permissions.ts';
import { ApiServer } from '../../parts/embedded/http/server.ts';
import { aNode, aPod } from './many-objects.ts';

/** What this program tells whoever forked it: where it listens; then, that the changes it was asked for are made. */
export type ManyPodsMessage =
  | { readonly url: string; readonly podBytes: number }
  | { readonly changed: number };

const DAEMON_SETS: Resource = {
  group: 'apps',
  version: 'v1',
  plural: 'daemonsets',
  kind: 'DaemonSet',
  namespaced: true,
};

/** An API server over a crowd of nodes and builds, in a process of its own: nobody schedules or runs them. Each message is a number of builds to replace. */
const [nodes = 5000, pods = 50_000] = process.argv.slice(2).map(Number);
const clock = systemClock();
const store = new Store();
const put = (plural: string, object: V1Node | V1Pod): KubeObject =>
  store.put(plural, JSON.parse(JSON.stringify(object)) as KubeObject);
const tell = (word: ManyPodsMessage): void => void process.send?.(word);

for (let nth = 0; nth < nodes; nth += 1) put('nodes', aNode(nth));
for (let nth = 0; nth < pods; nth += 1) put('pods', aPod(nth, nth % nodes, clock.now()));
store.compact();

const server: ApiServer = new ApiServer({
  clock,
  api: new ObjectApi(clock, store),
  resources: [...DEFAULT_RESOURCES, DAEMON_SETS],
  faults: new Faults(clock, {
    stopListening: () => server.stop(),
    startListening: () => server.start(),
    expireHistory: () => store.compact(),
  }),
  permissions: new Permissions(),
  logs: { readLog: () => () => undefined },
  token: undefined,
  bookmarkIntervalMs: 10_000,
});
await server.start();

let next = pods;
process.on('message', (changes: number) => {
  for (let nth = 0; nth < changes; nth += 1, next += 1) {
    const oldest = store.get('pods', 'ci', `build-${next - pods}`);
    if (oldest !== undefined) store.remove('pods', oldest);
    put('pods', aPod(next, nth % 4 === 0 ? undefined : next % nodes, clock.now()));
  }
  tell({ changed: changes });
});
process.on('disconnect', () => process.exit(0));
tell({ url: server.url, podBytes: JSON.stringify(aPod(1, 1, clock.now())).length });
