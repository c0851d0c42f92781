import { type Cluster, isKubernetesError } from '@hangar/shared/kubernetes/cluster';
import { isAllowed } from '@hangar/shared/kubernetes/rights';
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
  /** These stop a feature, or some pipelines. */
  readonly warnings: readonly string[];
  /** Namespaces of Pods whose Events may be watched; empty text = all namespaces at once. */
  readonly eventPlaces: readonly string[];
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
      questions.map(async (question) => ({
        question,
        allowed: await isAllowed(cluster, question.right, question.namespace, signal),
      })),
    );
    const denied = answers.filter((answer) => !answer.allowed).map((answer) => answer.question);
    const isOptional = ({ right }: Question): boolean => right.needed === 'optional';
    return {
      missing: inWords(denied.filter((one) => one.required)),
      warnings: [
        ...inWords(denied.filter((one) => !one.required && !isOptional(one))),
        ...inWords(denied.filter(isOptional)).map((text) => `optional: ${text}`),
      ],
      eventPlaces: eventPlacesOf(places).filter(
        (place) => !denied.some((one) => isOptional(one) && one.namespace === place),
      ),
    };
  } catch (error) {
    if (!isKubernetesError(error, 401, 403, 404, 405)) throw error;
    return {
      missing: [],
      eventPlaces: eventPlacesOf(places),
      warnings: [
        `rights could not be reviewed (${error.message}): what is missing will show when it is needed`,
      ],
    };
  }
}

/** One watch of all namespaces where Pods may be anywhere: a watch for each fresh namespace would be a call a pipeline. */
const eventPlacesOf = ({ pods, randomNamespaces }: Places): readonly string[] =>
  randomNamespaces ? [''] : [...new Set(pods)];

function questionsOf(places: Places): readonly Question[] {
  const podPlaces = places.randomNamespaces ? ['', ...places.pods] : places.pods;
  return RIGHTS.flatMap((right): Question[] => {
    if (right.needed === 'optional')
      return eventPlacesOf(places).map((namespace) => ({ right, namespace, required: false }));
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
