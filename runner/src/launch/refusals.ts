import { isKubernetesError } from '@hangar/shared/kubernetes/cluster';
import { parseCpuMillicores, parseMemoryBytes } from '@hangar/shared/quantity';
import { PipelineError } from '../pipeline/pipeline-error.ts';

/** The meaning of a rejected creation. `later`: the same call may succeed later without a change. */
export type LaunchRefusal =
  | { readonly kind: 'later'; readonly atLeastMs: number }
  /** Something is missing that should exist soon after its namespace was created: its service account (known issue 60). */
  | { readonly kind: 'soon'; readonly error: PipelineError }
  | { readonly kind: 'exists' }
  | { readonly kind: 'quota'; readonly text: string }
  /** The runner's Role lacks a permission. */
  | { readonly kind: 'denied' }
  | { readonly kind: 'final'; readonly error: unknown };

/**
 * Interprets the rejection of an object's creation. Pure. The operator must fix a missing permission, the author the contents of the
 * object.
 *
 * @param noun for messages, such as `Pod`
 */
export function refusalOf(error: unknown, noun: string): LaunchRefusal {
  if (!isKubernetesError(error)) return { kind: 'final', error };
  // 401: the kubelet renews the token of the service account.
  if (error.transient || error.status === 401) return { kind: 'later', atLeastMs: error.retryAfterMs ?? 0 };
  if (error.status === 409)
    // `Conflict` is the API server's own race, such as a quota that changed while it counted.
    return error.reason === 'AlreadyExists' ? { kind: 'exists' } : { kind: 'later', atLeastMs: 0 };
  if (error.status === 403) return forbidden(error, noun);
  return { kind: 'final', error: refused(error, noun) };
}

function forbidden(error: Error, noun: string): LaunchRefusal {
  const { message } = error;
  if (message.includes('exceeded quota')) return quotaOf(error, noun);
  if (isMissing('service account ', message)) return { kind: 'soon', error: refused(error, noun) };
  if (REJECTED_CONTENTS.test(message) || isMissing('RuntimeClass ', message))
    return { kind: 'final', error: refused(error, noun) };
  if (MISSING_PERMISSION.test(message)) return { kind: 'denied' };
  return {
    kind: 'final',
    error: new PipelineError(
      'right-missing',
      `the runner is not allowed to create this ${noun}: ${message}`,
      {
        blame: 'operator',
        cause: error,
      },
    ),
  };
}

/**
 * Whether something of this kind does not exist, by the message. One search for each text: messages may quote what an author wrote, which has
 * any length, and in a pattern each repetition of the kind would search the rest again.
 */
function isMissing(kind: string, message: string): boolean {
  const at = message.indexOf(kind);
  return at >= 0 && message.includes('not found', at);
}

/** Admission plugins that return 403 for the contents of an object: Pod Security, LimitRange, a quota that requires limits, classes. */
const REJECTED_CONTENTS =
  /violates PodSecurity|(?:maximum|minimum) \S+ usage per|failed quota|no PriorityClass with name/;

/** `User "..." cannot create resource "pods" in API group "" in the namespace "ci"`: no other 403 contains this text. */
const MISSING_PERMISSION = /cannot \S+ resource/;

const refused = (error: Error, noun: string): PipelineError =>
  new PipelineError('object-refused', `Kubernetes refuses the ${noun} of this pipeline: ${error.message}`, {
    cause: error,
  });

/** An exhausted quota means wait until other Pods end; a request that exceeds the whole quota can never be met. */
function quotaOf(error: Error, noun: string): LaunchRefusal {
  const { message } = error;
  const asked = amounts(message, 'requested');
  const limits = amounts(message, 'limited');
  const tooMuch = [...asked].find(([resource, amount]) => amount > (limits.get(resource) ?? Infinity));
  if (!tooMuch) return { kind: 'quota', text: message };
  const text = `the ${noun} of this pipeline requests more ${tooMuch[0]} than the whole quota of its namespace: ${message}`;
  return { kind: 'final', error: new PipelineError('over-budget', text, { cause: error }) };
}

/** `requested: limits.cpu=2,pods=1, used: ...`: amounts by resource, in units that can be compared. */
function amounts(message: string, part: 'requested' | 'limited'): ReadonlyMap<string, number> {
  const [, list = ''] = new RegExp(`${part}: (\\S+?),?(?:\\s|$)`).exec(message) ?? [];
  const read = list.split(',').map((item): [string, number | undefined] => {
    const [resource = '', amount = ''] = item.split('=');
    return [resource, /cpu$/.test(resource) ? parseCpuMillicores(amount) : parseMemoryBytes(amount)];
  });
  return new Map(read.filter((one): one is [string, number] => one[1] !== undefined));
}
