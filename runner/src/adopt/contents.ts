import { parseJson } from '@hangar/shared/json';
import { type Cluster, ifPresent, RESOURCE } from '@hangar/shared/kubernetes/cluster';
import type { V1Pod, V1Secret } from '@kubernetes/client-node';
import { type PatientParts, patiently } from '../launch/patiently.ts';
import { MASKS_KEY, PLAN_KEY } from '../pipeline/compiled.ts';
import type { RunPlan } from '../pipeline/run-plan.ts';
import { parseMasks, parsePlan } from './parse-record.ts';
import type { PodRecord } from './read-pod.ts';

/** The data that only the Pod's Secret contains. */
export interface Contents {
  readonly plan: RunPlan;
  readonly masks: Readonly<Record<number, readonly string[]>>;
}

type Parts = PatientParts & { readonly cluster: Cluster };

/** Reads the Pod's first Secret, with retries; undefined if it doesn't exist. Rejects if its contents are invalid. */
export async function contentsOf(
  parts: Parts,
  pod: V1Pod,
  record: PodRecord,
  signal: AbortSignal,
): Promise<Contents | undefined> {
  const [first = ''] = record.secretNames;
  const secret = await findSecret(parts, pod, first, signal);
  return secret && read(secret, record);
}

/** Whether all Secrets exist that the Pod requires to start. A crash may have left some of them missing. */
export async function isComplete(
  parts: Parts,
  pod: V1Pod,
  record: PodRecord,
  signal: AbortSignal,
): Promise<boolean> {
  for (const name of record.secretNames) if (!(await findSecret(parts, pod, name, signal))) return false;
  return true;
}

function read(secret: V1Secret, record: PodRecord): Contents {
  const valueOf = (key: string): unknown =>
    parseJson(Buffer.from(secret.data?.[key] ?? '', 'base64').toString('utf8'));
  const plan = record.plan ?? parsePlan(valueOf(PLAN_KEY));
  const masks = secret.data?.[MASKS_KEY] ? parseMasks(valueOf(MASKS_KEY)) : {};
  if (!plan || !masks) throw new Error('the Secret of this pipeline has invalid contents');
  return { plan, masks };
}

async function findSecret(
  parts: Parts,
  pod: V1Pod,
  name: string,
  signal: AbortSignal,
): Promise<V1Secret | undefined> {
  const { namespace = 'default' } = pod.metadata ?? {};
  const get = (): Promise<V1Secret> =>
    parts.cluster.get<V1Secret>({ resource: RESOURCE.secrets, namespace, name }, signal);
  return ifPresent(patiently(parts, { what: 'get the Secret of a Pod' }, signal, get));
}
