import type { V1Pod } from '@kubernetes/client-node';
import { describe, expect, it } from 'vitest';
import { requestOf } from '../admit/pod-load.ts';
import { readPod } from '../adopt/read-pod.ts';
import { compile } from '../compile/compile.ts';
import { aCompileInput } from '../compile/testing/a-pipeline.ts';
import { keptPod } from './kept-pod.ts';

describe('the part of a Pod that is kept', () => {
  const { pod } = compile(aCompileInput());

  it('says the same of its stage, its requests, its scheduling gate and its Secrets', () => {
    const kept = keptPod(pod);
    expect(readPod(kept)).toEqual(readPod(pod));
    expect(requestOf(kept)).toEqual(requestOf(pod));
    expect(kept.spec?.schedulingGates).toEqual(pod.spec?.schedulingGates);
    expect(kept.metadata).toEqual(pod.metadata);
  });

  it('has no environment, no mounts and no owners of fields', () => {
    const managedFields = [{ manager: 'kubelet', operation: 'Update' }];
    const kept = keptPod({ ...pod, metadata: { ...pod.metadata, managedFields } });
    expect(kept.metadata).toEqual(pod.metadata);
    expect(Object.keys(kept.spec?.containers[0] ?? {}).sort()).toEqual(['image', 'name', 'resources']);
    expect(JSON.stringify(kept.spec).length).toBeLessThan(JSON.stringify(pod.spec).length / 3);
  });

  it('says which nodes suit it until it has one, and not after that', () => {
    const where = {
      nodeSelector: { size: '4' },
      tolerations: [{ key: 'ci' }],
      affinity: { nodeAffinity: {} },
    };
    const spec = { containers: [], ...where };
    expect(keptPod({ spec }).spec).toEqual(spec);
    expect(keptPod({ spec: { ...spec, nodeName: 'n1' } }).spec).toEqual({ containers: [], nodeName: 'n1' });
  });

  it('is nothing more than a Pod without spec has', () => {
    const bare: V1Pod = { metadata: { name: 'drone-a' } };
    expect(keptPod(bare)).toEqual(bare);
  });
});
