import { readFileSync } from 'node:fs';
import { RESOURCE } from '@hangar/shared/kubernetes/cluster';
import { Room, refusalOf } from '/work/main/testbed/contract/room.ts';
import { heldPod, shell } from '/work/main/testbed/contract/pods.ts';
import { startEmbeddedCluster } from '/work/main/testbed/embedded/cluster.ts';

const p = (name: string, spec: any, meta: any = {}) => ({ metadata: { name, ...meta }, spec: { schedulingGates: [{ name: 'hangar.dev/held' }], containers: [shell('true')], ...spec } }) as any;
async function go(kubeconfig: string) {
  const out: Record<string, unknown> = {};
  const room = await Room.open(kubeconfig, 30000);
  const no = async (k: string, c: Promise<unknown>) => { try { out[k] = JSON.parse(JSON.stringify(await refusalOf(c)).replaceAll(room.namespace,'NS')); } catch (e) { out[k] = String(e).slice(0,300); } };
  const P = RESOURCE.pods, S = RESOURCE.secrets, L = RESOURCE.leases;
  try {
    const c = shell('true');
    const bad: Record<string, any> = {
      'name upper': p('Upper', {}), 'name empty': { metadata: {}, spec: {containers:[c]} },
      'no containers': p('x1', { containers: [] }), 'no spec': { metadata: { name: 'x2' } },
      'container name': p('x3', { containers: [{ ...c, name: 'a_b' }] }),
      'dup': p('x4', { containers: [c, c] }),
      'no image': p('x5', { containers: [{ name: 'main' }] }),
      'env name': p('x6', { containers: [{ ...c, env: [{ name: '', value: 'x' }] }] }),
      'env name odd': p('x6b', { containers: [{ ...c, env: [{ name: 'a=b', value: 'x' }] }] }),
      'env both': p('x6c', { containers: [{ ...c, env: [{ name: 'a', value: 'x', valueFrom: {fieldRef:{fieldPath:'metadata.name'}} }] }] }),
      'env field': p('x6d', { containers: [{ ...c, env: [{ name: 'a', valueFrom: {fieldRef:{fieldPath:'metadata.nonsense'}} }] }] }),
      'mount none': p('x7', { containers: [{ ...c, volumeMounts: [{ name: 'none', mountPath: '/x' }] }] }),
      'mount twice': p('x8', { volumes: [{ name: 'v', emptyDir: {} }], containers: [{ ...c, volumeMounts: [{ name: 'v', mountPath: '/x' }, { name: 'v', mountPath: '/x' }] }] }),
      'subpath': p('x9', { volumes: [{ name: 'v', emptyDir: {} }], containers: [{ ...c, volumeMounts: [{ name: 'v', mountPath: '/x', subPath: '../y' }] }] }),
      'restart': p('x10', { restartPolicy: 'Sometimes' }),
      'request over limit': p('x11', { containers: [{ ...c, resources: { requests: { cpu: '2' }, limits: { cpu: '1' } } }] }),
      'quantity': p('x12', { containers: [{ ...c, resources: { requests: { cpu: '1 core' } } }] }),
      'pull policy': p('x13', { containers: [{ ...c, imagePullPolicy: 'Maybe' }] }),
      'label value': p('x14', {}, { labels: { a: 'b c' } }),
      'label key': p('x15', {}, { labels: { 'a b': 'c' } }),
      'annotation key': p('x16', {}, { annotations: { 'a b': 'c' } }),
      'volume two': p('x17', { volumes: [{ name: 'v', emptyDir: {}, hostPath: { path: '/x' } }] }),
      'volume name': p('x18', { volumes: [{ name: 'V_', emptyDir: {} }] }),
      'toleration': p('x19', { tolerations: [{ key: 'a', operator: 'Maybe' }] }),
      'nodeSelector': p('x20', { nodeSelector: { 'a b': 'c' } }),
      'deadline': p('x21', { activeDeadlineSeconds: 0 }),
      'grace': p('x22', { terminationGracePeriodSeconds: -1 }),
      'hostAliases': p('x23', { hostAliases: [{ ip: 'nope', hostnames: ['x'] }] }),
      'hostAliases name': p('x24', { hostAliases: [{ ip: '127.0.0.1', hostnames: ['X_y'] }] }),
      'hostname': p('x25', { hostname: 'A_b' }),
      'owner': p('x26', {}, { ownerReferences: [{ apiVersion: 'v1', kind: 'Pod', name: 'x', uid: '' }] }),
      'workingDir image spaces': p('x27', { containers: [{ ...c, image: ' busybox' }] }),
      'two faults': p('x28', { containers: [{ name: 'C', image: '' }] }),
      'service account': p('x29', { serviceAccountName: 'nobody' }),
      'containers text': p('y1', { containers: 'x' }),
      'command text': p('y2', { containers: [{ ...c, command: 'ls' }] }),
      'env number': p('y3', { containers: [{ ...c, env: [{ name: 'a', value: 1 }] }] }),
      'label number': p('y4', {}, { labels: { a: 1 } }),
      'name number': p(5 as any, {}),
      'deadline text': p('y5', { activeDeadlineSeconds: 'x' }),
      'rv set': p('y6', {}, { resourceVersion: '5' }),
      'namespace other': p('y7', {}, { namespace: 'other' }),
      'finalizer': p('y8', {}, { finalizers: ['x y'] }),
      'mem zero suffix': p('y9', { containers: [{ ...c, resources: { requests: { memory: '-1Gi' } } }] }),
      'limits unknown': p('y10', { containers: [{ ...c, resources: { requests: { bananas: '1' } } }] }),
      'generateName bad': { metadata: { generateName: 'Bad_' }, spec: { containers: [c] } },
      'mountpath empty': p('y11', { volumes: [{ name: 'v', emptyDir: {} }], containers: [{ ...c, volumeMounts: [{ name: 'v', mountPath: '' }] }] }),
      'init same name': p('y12', { initContainers: [c] }),
      'secret volume noname': p('y13', { volumes: [{ name: 'v', secret: { secretName: '' } }] }),
      'downward path': p('y14', { volumes: [{ name: 'v', downwardAPI: { items: [{ path: '../x', fieldRef: { fieldPath: 'metadata.name' } }] } }] }),
      'downward field': p('y15', { volumes: [{ name: 'v', downwardAPI: { items: [{ path: 'x', fieldRef: { fieldPath: 'spec.nodeName' } }] } }] }),
      'priority class': p('y16', { priorityClassName: 'nope' }),
      'name long': p('x'.repeat(254), {}),
    };
    for (const [k, v] of Object.entries(bad)) await no('pod ' + k, room.create(P, v));
    const sec: Record<string, any> = {
      'key': { metadata: { name: 's1' }, stringData: { 'a b': 'x' } }, 'key dots': { metadata: { name: 's2' }, stringData: { '..': 'x' } },
      'base64': { metadata: { name: 's3' }, data: { a: 'no!' } }, 'docker missing': { metadata: { name: 's4' }, type: 'kubernetes.io/dockerconfigjson' },
      'docker json': { metadata: { name: 's5' }, type: 'kubernetes.io/dockerconfigjson', stringData: { '.dockerconfigjson': 'no' } },
      'too large': { metadata: { name: 's6' }, stringData: { a: 'x'.repeat(1048577) } },
      'huge': { metadata: { name: 's7' }, stringData: { a: 'x'.repeat(4_000_000) } },
    };
    for (const [k, v] of Object.entries(sec)) await no('secret ' + k, room.create(S, v));
    await room.create(S, { metadata: { name: 'imm' }, immutable: true, stringData: { a: '1' } } as any);
    await no('immutable', room.patch(S, 'imm', { stringData: { a: '2' } }));
    await no('immutable lift', room.patch(S, 'imm', { immutable: false }));
    await no('secret type', room.patch(S, 'imm', { type: 'other' }));
    await no('twice', room.create(S, { metadata: { name: 'imm' } } as any));
    await no('absent', room.get(S, 'absent'));
    await no('absent patch', room.patch(S, 'absent', {}));
    await no('lease absent', room.get(L, 'absent'));
    await no('ns absent', room.cluster.create({ resource: S, namespace: 'no-such-ns' }, { metadata: { name: 'x' } } as any, room.signal));
    await no('kind unknown', room.get({ base: '/api/v1', plural: 'bananas' }, 'x'));
    await no('group unknown', room.get({ base: '/apis/fruit/v1', plural: 'bananas' }, 'x'));
    await no('stale', room.patch(S, 'imm', { metadata: { resourceVersion: '1', labels: { a: 'b' } } }));
    await no('uid patch', room.patch(S, 'imm', { metadata: { uid: 'nope' } }));
    await no('rv garbage', room.patch(S, 'imm', { metadata: { resourceVersion: 'abc' } }));
    await no('name patch', room.patch(S, 'imm', { metadata: { name: 'other' } }));
    await no('label patch', room.patch(S, 'imm', { metadata: { labels: { a: 'b c' } } }));
    await room.create(L, { metadata: { name: 'l' }, spec: { holderIdentity: 'me', renewTime: '2026-01-01T00:00:00.123456Z', leaseDurationSeconds: 15 } } as any);
    out['lease'] = (await room.get<any>(L, 'l')).spec;
    await no('lease time', room.patch(L, 'l', { spec: { renewTime: 'x' } }));
    await no('lease time no fraction', room.patch(L, 'l', { spec: { renewTime: '2026-01-01T00:00:00Z' } }));
    await no('lease duration', room.patch(L, 'l', { spec: { leaseDurationSeconds: 0 } }));
    await no('lease stale', room.patch(L, 'l', { metadata: { resourceVersion: '1' }, spec: { holderIdentity: 'x' } }));
    await room.createPod(heldPod('held'));
    await no('pod command', room.patch(P, 'held', { spec: { containers: [{ name: 'main', command: ['x'] }] } }, 'strategic'));
    await no('pod add container', room.patch(P, 'held', { spec: { containers: [{ name: 'two', image: 'x' }] } }, 'strategic'));
    await no('pod image empty', room.patch(P, 'held', { spec: { containers: [{ name: 'main', image: '' }] } }, 'strategic'));
    await no('pod gate add', room.patch(P, 'held', { spec: { schedulingGates: [{ name: 'a/b' }] } }, 'strategic'));
    await no('pod deadline', room.patch(P, 'held', { spec: { activeDeadlineSeconds: -1 } }));
    await no('pod nodename', room.patch(P, 'held', { spec: { nodeName: 'x' } }));
    await no('pod restartPolicy', room.patch(P, 'held', { spec: { restartPolicy: 'Never' } }));
    await no('list bad label', room.cluster.list({ resource: P, namespace: room.namespace }, { labelSelector: 'a in (' }, room.signal));
    await no('list bad label2', room.cluster.list({ resource: P, namespace: room.namespace }, { labelSelector: 'a=b c' }, room.signal));
    await no('list bad field', room.cluster.list({ resource: P, namespace: room.namespace }, { fieldSelector: 'spec.nonsense=1' }, room.signal));
    await no('list bad field secret', room.cluster.list({ resource: S, namespace: room.namespace }, { fieldSelector: 'data.x=1' }, room.signal));
    await no('list bad field syntax', room.cluster.list({ resource: S, namespace: room.namespace }, { fieldSelector: 'nonsense' }, room.signal));
    const watch = async (k: string, resourceVersion: string) => { try { for await (const e of room.cluster.watch<any>({ resource: S, namespace: room.namespace }, { resourceVersion, silenceMs: 4000 }, room.signal)) { out[k] = JSON.parse(JSON.stringify(e)); break; } } catch (e: any) { out[k] = { status: e.status, reason: e.reason, message: e.message }; } };
    await watch('watch old', '1'); await watch('watch future', '999999999'); await watch('watch garbage', 'abc');
    await no('log held', room.log('held', 'main').then((t) => { out['log held text'] = t; }));
    await no('log absent pod', room.log('absent', 'main'));
    await no('log absent container', room.log('held', 'other'));
    out['held'] = JSON.parse(JSON.stringify(await room.get<any>(P, 'held')).replaceAll(room.namespace, 'NS'));
    out['gate lift'] = (await room.patch<any>(P, 'held', { spec: { schedulingGates: null, nodeSelector: {'x/y':'z'} }, })).status;
    await new Promise(r=>setTimeout(r,1000));
    out['unsched'] = (await room.get<any>(P, 'held')).status;
    out['ns'] = await room.find<any>({ resource: RESOURCE.namespaces, name: room.namespace });
    await no('ns twice', room.cluster.create({ resource: RESOURCE.namespaces }, { metadata: { name: room.namespace } } as any, room.signal));
    await no('ns bad', room.cluster.create({ resource: RESOURCE.namespaces }, { metadata: { name: 'Bad' } } as any, room.signal));
    out['remove wrong uid'] = await room.remove(S, 'imm', { uid: 'nope' }).catch((e) => String(e));
  } finally { await room.close(); }
  return out;
}
const real = await go(readFileSync('/var/lib/hangar-testbed/admin.kubeconfig', 'utf8'));
const e = await startEmbeddedCluster();
const emb = await go(e.kubeconfig()); await e.close();
for (const k of Object.keys(real)) { const a = JSON.stringify(real[k]), b = JSON.stringify(emb[k]); console.log(a === b ? `= ${k}: ${a.slice(0,260)}` : `# ${k}\n   real ${a.slice(0,2500)}\n   emb  ${b?.slice(0,2500)}`); }
