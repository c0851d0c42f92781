import { type Cluster, isKubernetesError } from '@hangar/shared/kubernetes/cluster';
import { isAllowed } from '@hangar/shared/kubernetes/rights';
import { RIGHTS, type Right, ruleLine, rulesOf } from './permissions.ts';

/** The namespaces in which rights are needed. */
export interface ReviewedNamespaces {
  /** Namespaces of Pods without which no pipeline can run. */
  readonly pods: readonly string[];
  /** Namespaces that only some pipelines use (namespace rules): a missing right there affects only those. */
  readonly somePods: readonly string[];
  readonly lease: string;
  /** Whether some pipelines get a fresh namespace, so that Pods may be in any namespace. */
  readonly randomNamespaces: boolean;
}

/** The result of a review, one message with remedy per entry. */
export interface Review {
  /** Without these the runner can't work. */
  readonly missing: readonly string[];
  /** These disable a feature, or affect some pipelines. */
  readonly warnings: readonly string[];
  /** Namespaces of Pods whose Events may be watched; empty text = all namespaces at once. */
  readonly eventPlaces: readonly string[];
}

/** One access review: this right, in that namespace (empty = in all of them). */
interface Question {
  readonly right: Right;
  readonly namespace: string;
  readonly required: boolean;
}

/**
 * Asks the API server for each right whether the runner has it. An API server without support for reviews leads to one warning.
 *
 * @throws {KubernetesError} if there is no response
 */
export async function review(
  cluster: Cluster,
  places: ReviewedNamespaces,
  signal: AbortSignal,
): Promise<Review> {
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

/** One watch of all namespaces if Pods may be in any: a watch per fresh namespace would be a request per pipeline. */
const eventPlacesOf = ({ pods, randomNamespaces }: ReviewedNamespaces): readonly string[] =>
  randomNamespaces ? [''] : [...new Set(pods)];

function questionsOf(places: ReviewedNamespaces): readonly Question[] {
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

/** One entry per namespace: what is missing, what it is needed for, and the rule to add. */
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
