import { KubernetesError } from '@hangar/shared/kubernetes/cluster';
import { refusal } from '@hangar/shared/testing/fake-cluster';
import { describe, expect, it } from 'vitest';
import { PipelineError } from '../pipeline/pipeline-error.ts';
import { refusalOf } from './refusals.ts';

const quota = (rest: string): KubernetesError =>
  refusal(403, 'Forbidden', `pods "p" is forbidden: exceeded quota: team, ${rest}`);

/** The kind, or the code and blame of a final one. */
function verdict(error: unknown): string {
  const answer = refusalOf(error, 'Pod');
  if (answer.kind !== 'final') return answer.kind;
  return answer.error instanceof PipelineError ? `${answer.error.code} (${answer.error.blame})` : 'as it is';
}

describe('refusalOf', () => {
  it.each(['service account ', 'RuntimeClass '])(
    'searches a long message once, which may quote an author: %s repeatedly',
    (kind) => {
      const error = refusal(403, 'Forbidden', `denied the label ${JSON.stringify(kind.repeat(25_000))}`);

      expect(verdict(error)).toBe('right-missing (operator)');
    },
  );

  it.each<[string, unknown, string]>([
    ['no answer', refusal(0, 'NoAnswer'), 'later'],
    ['429', refusal(429, 'TooManyRequests'), 'later'],
    ['500', refusal(500, 'InternalError'), 'later'],
    ['a rejected token', refusal(401, 'Unauthorized'), 'later'],
    ['a race inside the API server', refusal(409, 'Conflict'), 'later'],
    ['the name is taken', refusal(409, 'AlreadyExists'), 'exists'],
    ['an exhausted quota', quota('requested: pods=1, used: pods=5, limited: pods=5'), 'quota'],
    ['a quota with an unknown message', quota('somehow'), 'quota'],
    [
      'exactly the whole CPU quota',
      quota('requested: requests.cpu=2, used: requests.cpu=1, limited: requests.cpu=2000m'),
      'quota',
    ],
    [
      'more than the whole CPU quota',
      quota('requested: requests.cpu=2001m, used: requests.cpu=0, limited: requests.cpu=2'),
      'over-budget (pipeline)',
    ],
    [
      'more than the whole quota of one of several resources',
      quota(
        'requested: pods=1,limits.memory=3Gi, used: pods=0,limits.memory=0, limited: pods=5,limits.memory=2Gi',
      ),
      'over-budget (pipeline)',
    ],
    [
      'a missing service account (known issue 60)',
      refusal(
        403,
        'Forbidden',
        'pods "p" is forbidden: error looking up service account drone-x/default: serviceaccount "default" not found',
      ),
      'soon',
    ],
    [
      'a missing permission',
      refusal(403, 'Forbidden', 'pods is forbidden: User "u" cannot create resource "pods" in API group ""'),
      'denied',
    ],
    [
      'a webhook',
      refusal(403, 'Forbidden', 'admission webhook "x" denied the request'),
      'right-missing (operator)',
    ],
    [
      'Pod Security',
      refusal(403, 'Forbidden', 'pods "p" is forbidden: violates PodSecurity "restricted:latest"'),
      'object-refused (pipeline)',
    ],
    [
      'a LimitRange',
      refusal(
        403,
        'Forbidden',
        'pods "p" is forbidden: maximum cpu usage per Container is 1, but limit is 2',
      ),
      'object-refused (pipeline)',
    ],
    [
      'a quota that requires limits',
      refusal(403, 'Forbidden', 'pods "p" is forbidden: failed quota: team: must specify limits.cpu'),
      'object-refused (pipeline)',
    ],
    [
      'invalid contents',
      refusal(422, 'Invalid', 'spec.containers[0].image: Required value'),
      'object-refused (pipeline)',
    ],
    ['a malformed request', refusal(400, 'BadRequest'), 'object-refused (pipeline)'],
    [
      'a missing namespace',
      refusal(404, 'NotFound', 'namespaces "x" not found'),
      'object-refused (pipeline)',
    ],
    ['another error', new TypeError('a bug'), 'as it is'],
  ])('%s', (_, error, want) => {
    expect(verdict(error)).toBe(want);
  });

  it('keeps the requested delay and the message', () => {
    const slower = new KubernetesError(429, 'TooManyRequests', 'slow down', { retryAfterMs: 3_000 });
    expect(refusalOf(slower, 'Pod')).toEqual({ kind: 'later', atLeastMs: 3_000 });
    const answer = refusalOf(refusal(422, 'Invalid', 'image: Required value'), 'Secret');
    expect(answer.kind === 'final' && String(answer.error)).toContain(
      'Kubernetes refuses the Secret of this pipeline: image: Required value',
    );
  });
});
