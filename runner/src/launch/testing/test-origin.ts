import { silentLogger } from '@hangar/shared/logger';
import { FakeCluster } from '@hangar/shared/testing/fake-cluster';
import type { V1Pod } from '@kubernetes/client-node';
import { PodOrigin, type PodOriginParts, podKeyOf } from '../pod-origin.ts';

/** The secret that all runners of a test share. */
export const RPC_SECRET = 'rpc-secret';

/** What decides in a runner of a test who made a Pod. */
export const testOrigin = (
  cluster: PodOriginParts['cluster'],
  log: PodOriginParts['log'] = silentLogger,
  rpcSecret = RPC_SECRET,
): PodOrigin => new PodOrigin({ cluster, log }, podKeyOf(rpcSecret, 'signature'));

/** The Pod with the signature of a runner. */
export const signed = (pod: V1Pod, namespace = pod.metadata?.namespace ?? 'ci'): V1Pod =>
  testOrigin(new FakeCluster()).sign(pod, namespace);
