import { type Cluster, isKubernetesError, RESOURCE } from '@hangar/shared/kubernetes/cluster';
import type { KubernetesObject } from '@kubernetes/client-node';
import { RIGHTS, type Right, ruleLine, rulesOf } from './permissions.ts';

/** Where the rights are needed. */
export interface Places {
  /** Namespaces of Pods without which nothing can run. */
  readonly pods: readonly string[];
  /** Namespaces that only some pipelines use (namespace rules): a missing right there stops only those. */
  readonly somePods: readonly string[];
  readonly lease: string;
  /** Are there pipelines with a fresh namespace? Then Pods are everywhere. */
  readonly randomNamespaces: boolean;
}

/** What the review found, each an entry in words with its cure. */
export interface Review {
  /** Without these the runner can't work. */
  readonly missing: readonly string[];
  /** These stop a feature. */
  readonly warnings: readonly string[];
}

/** One question: this right, in that namespace (empty = in all of them). */
interface Question {
  readonly right: Right;
  readonly namespace: string;
  readonly required: boolean;
}

/**
 * Asks the API server for each right whether it is ours. An API server that gives no reviews makes one warning.
 *
 * @throws {KubernetesError} when nobody answers
 */
export async function review(cluster: Cluster, places: Places, signal: AbortSignal): Promise<Review> {
  const questions = questionsOf(places);
  try {
    const answers = await Promise.all(
      questions.map(async (question) => ({ question, allowed: await isAllowed(cluster, question, signal) })),
    );
    const denied = answers.filter((answer) => !answer.allowed).map((answer) => answer.question);
    return {
      missing: inWords(denied.filter((one) => one.required)),
      warnings: inWords(denied.filter((one) => !one.required)),
    };
  } catch (error) {
    if (!isKubernetesError(error, 401, 403, 404, 405)) throw error;
    return {
      missing: [],
      warnings: [
        `rights could not be reviewed (${error.message}): what is missing will show when it is needed`,
      ],
    };
  }
}

function questionsOf(places: Places): readonly Question[] {
  const podPlaces = places.randomNamespaces ? ['', ...places.pods] : places.pods;
  return RIGHTS.flatMap((right): Question[] => {
    switch (right.where) {
      case 'pods':
        return [
          ...[...new Set(podPlaces)].map((namespace) => ({ right, namespace, required: true })),
          ...places.somePods
            .filter((namespace) => !podPlaces.includes(namespace))
            .map((namespace) => ({ right, namespace, required: false })),
        ];
      case 'lease':
        return [{ right, namespace: places.lease, required: true }];
      case 'cluster':
        return places.randomNamespaces ? [{ right, namespace: '', required: true }] : [];
    }
  });
}

interface AccessReview extends KubernetesObject {
  readonly spec?: unknown;
  readonly status?: { readonly allowed?: boolean };
}

async function isAllowed(cluster: Cluster, question: Question, signal: AbortSignal): Promise<boolean> {
  const { right, namespace } = question;
  const [resource, subresource] = right.resource.split('/');
  const attributes = { verb: right.verb, group: right.group, resource, subresource };
  const answer = await cluster.create<AccessReview>(
    { resource: RESOURCE.accessReviews },
    {
      apiVersion: 'authorization.k8s.io/v1',
      kind: 'SelfSubjectAccessReview',
      spec: { resourceAttributes: namespace === '' ? attributes : { ...attributes, namespace } },
    },
    signal,
  );
  return answer.status?.allowed === true;
}

/** One entry for each namespace: what is missing, what for, and the rule to add. */
function inWords(denied: readonly Question[]): readonly string[] {
  const places = new Map<string, Right[]>();
  for (const { namespace, right } of denied) places.set(namespace, [...(places.get(namespace) ?? []), right]);
  return [...places.entries()].map(([namespace, rights]) => {
    const what = rights.map((right) => `${right.verb} ${right.resource} (${right.use})`).join('; ');
    const where = namespace === '' ? 'in the whole cluster' : `in namespace ${namespace}`;
    const holder = namespace === '' ? 'a ClusterRole' : `a Role of namespace ${namespace}`;
    const rules = rulesOf(rights).map((rule) => `  - ${ruleLine(rule)}`);
    return [
      `the runner may not, ${where}: ${what}. Add to ${holder}, bound to its service account:`,
      ...rules,
    ].join('\n');
  });
}
