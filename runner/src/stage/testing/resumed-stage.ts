import type { V1Pod, V1Secret } from '@kubernetes/client-node';
import { onTestFinished } from 'vitest';
import { readPod } from '../../adopt/read-pod.ts';
import { anEntry } from '../../metrics/testing/an-entry.ts';
import { ANNOTATION } from '../../pipeline/compiled.ts';
import { aStage } from '../../supervise/testing/fake-ci-server.ts';
import { resume } from '../run-stage.ts';
import type { StageParts } from '../stage-parts.ts';
import { compiledOf, POD, SECRET, TestStage } from './test-stage.ts';

/** Annotations of a Pod whose stage was started. */
export const STARTED = {
  [ANNOTATION.stepIds]: '{"1":100,"2":200}',
  [ANNOTATION.stageVersion]: '4',
  [ANNOTATION.stageStarted]: '1768382990',
};
/** The same of one that was admitted. */
export const ADMITTED = { ...STARTED, [ANNOTATION.admittedAt]: '1768383000000' };

/** What the previous owner left. */
export interface Before {
  /** Annotations that the previous owner has written. */
  readonly reports?: Record<string, string>;
  /** Its scheduling gate is removed, and it has a node. */
  readonly ungate?: boolean;
  readonly secrets?: readonly V1Secret[];
  readonly change?: (pod: V1Pod) => V1Pod;
  readonly parts?: Partial<StageParts>;
  readonly prepare?: (env: TestStage) => void;
}

/** The Pod as its previous owner left it. */
function podAsLeft({ reports = {}, ungate = false, change = (pod) => pod }: Before): V1Pod {
  const { metadata, spec } = compiledOf().pod;
  const own = { [ANNOTATION.owner]: 'ci/me', [ANNOTATION.adoptions]: '1' };
  const annotations = { ...metadata?.annotations, ...own, ...reports };
  const gates = ungate ? { schedulingGates: [], nodeName: 'node-a' } : {};
  return change({ metadata: { ...metadata, annotations }, spec: { containers: [], ...spec, ...gates } });
}

/** Puts the cluster and the server into the state that the previous owner left. */
function leave(env: TestStage, before: Before): V1Pod {
  const { reports = {}, secrets = compiledOf().secrets } = before;
  if (reports[ANNOTATION.stepIds]) {
    env.server.stage = aStage({ status: 'running', version: 4 });
    env.server.register([1, 2]);
  }
  before.prepare?.(env);
  const pod = env.cluster.put(POD, podAsLeft(before));
  const ownerReferences = [{ apiVersion: 'v1', kind: 'Pod', name: POD.name, uid: pod.metadata?.uid ?? '' }];
  for (const { metadata, ...secret } of secrets)
    env.cluster.put(
      { ...SECRET, name: metadata?.name ?? '' },
      { ...secret, metadata: { ...metadata, ownerReferences } },
    );
  return pod;
}

/** Resumes a Pod that another process left at some point. */
export function begin(before: Before) {
  const env = new TestStage(before.parts);
  onTestFinished(() => env.close());
  const stored = leave(env, before);
  env.registry.enter(anEntry({ stageId: 63, adopted: true }));
  const record = readPod(stored);
  if (!record) throw new Error('the Pod has no record');
  let isOver = false;
  const never = new AbortController().signal;
  void env.podWatch
    .follow('ci', never)
    .then(() => resume(env.parts, stored, record, env.handOver.signal))
    .then(() => {
      isOver = true;
    });
  return Object.assign(env, { isOver: () => isOver });
}
