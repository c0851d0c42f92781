import { parseJson } from '@hangar/shared/json';
import { type Cluster, ifPresent, RESOURCE } from '@hangar/shared/kubernetes/cluster';
import type { V1Pod, V1Secret } from '@kubernetes/client-node';
import { type PatientParts, patiently } from '../launch/patiently.ts';
import { MASKS_KEY, PLAN_KEY } from '../pipeline/compiled.ts';
import { PipelineError } from '../pipeline/pipeline-error.ts';
import type { RunPlan } from '../pipeline/run-plan.ts';
import { parseMasks, parsePlan } from './parse-record.ts';
import type { PodRecord } from './read-pod.ts';

/** The data that only the Pod's Secret contains. */
export interface Contents {
  readonly plan: RunPlan;
  /** Values to hide, by step number; undefined: not known. */
  readonly masks: Readonly<Record<number, readonly string[]>> | undefined;
}

type ContentsParts = PatientParts & { readonly cluster: Cluster };

/** What is known of a stage from its Pod. */
export interface PodContents {
  /** Undefined if it is gone. Rejects if it is invalid. */
  contentsOf(
    parts: ContentsParts,
    pod: V1Pod,
    record: PodRecord,
    signal: AbortSignal,
  ): Promise<Contents | undefined>;
  /** Whether all Secrets exist that the Pod requires to start. A crash may have left some of them missing. */
  isComplete(parts: ContentsParts, pod: V1Pod, record: PodRecord, signal: AbortSignal): Promise<boolean>;
}

/** From the Pod's Secrets. */
export const secretContents: PodContents = { contentsOf, isComplete };

/** From the Pod's annotations alone, where Secrets may not be read: the values to hide are not known, nor whether the Secrets exist. */
export const annotationContents: PodContents = {
  contentsOf: (_parts, _pod, { plan }) =>
    plan === undefined ? Promise.reject(planHidden()) : Promise.resolve({ plan, masks: undefined }),
  isComplete: () => Promise.resolve(false),
};

const planHidden = (): PipelineError =>
  new PipelineError(
    'record-lost',
    'the plan of this pipeline is in a Secret that the runner is not allowed to get, so the pipeline could not be continued after a restart',
    { blame: 'operator' },
  );

/** Reads the Pod's first Secret, with retries; undefined if it doesn't exist. Rejects if its contents are invalid. */
async function contentsOf(
  parts: ContentsParts,
  pod: V1Pod,
  record: PodRecord,
  signal: AbortSignal,
): Promise<Contents | undefined> {
  const [first = ''] = record.secretNames;
  const secret = await findSecret(parts, pod, first, signal);
  return secret && read(secret, record);
}

async function isComplete(
  parts: ContentsParts,
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
  parts: ContentsParts,
  pod: V1Pod,
  name: string,
  signal: AbortSignal,
): Promise<V1Secret | undefined> {
  const { namespace = 'default' } = pod.metadata ?? {};
  const get = (): Promise<V1Secret> =>
    parts.cluster.get<V1Secret>({ resource: RESOURCE.secrets, namespace, name }, signal);
  return ifPresent(patiently(parts, { what: 'get the Secret of a Pod' }, signal, get));
}
