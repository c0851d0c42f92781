import { type Cluster, isKubernetesError } from '@hangar/shared/kubernetes/cluster';
import { isAllowed, ruleLine, rulesOf } from '@hangar/shared/kubernetes/rights';
import { type Right, rightsOf, type ServiceFeature } from './permissions.ts';

/** The namespaces in which the rights of features are needed; empty: the feature isn't used. */
export interface ReviewedNamespaces {
  readonly runners: readonly string[];
  readonly lease: readonly string[];
  readonly events: readonly string[];
  /** By kind of actuator: the objects that it scales, each by its name. */
  readonly objects: Readonly<Partial<Record<ServiceFeature, readonly NamedObject[]>>>;
}

/** An object of a namespace. */
export interface NamedObject {
  readonly namespace: string;
  readonly name: string;
}

/** The result of the review. */
export interface Review {
  /** Features without all their rights, each with one line: what is missing, what does not work without it, and the remedy. */
  readonly missing: ReadonlyMap<ServiceFeature, string>;
  /** A warning when the API server does not support access reviews; empty: it does. */
  readonly warning: string;
}

interface Question {
  readonly right: Right;
  /** Empty: all namespaces. */
  readonly namespace: string;
}

/**
 * Asks the API server whether this service has each right of these features.
 *
 * @throws {KubernetesError} when the API server does not answer
 */
export async function review(
  cluster: Cluster,
  features: ReadonlySet<ServiceFeature>,
  places: ReviewedNamespaces,
  signal: AbortSignal,
): Promise<Review> {
  const questions = rightsOf(features).flatMap((right) => questionsOf(right, places));
  try {
    const denied: Question[] = [];
    // Sequentially: many clients query the API server at a start, and nothing waits for these answers.
    for (const question of questions)
      if (!(await isAllowed(cluster, question.right, question.namespace, signal))) denied.push(question);
    const byFeature = Map.groupBy(denied, ({ right }) => right.feature);
    return {
      missing: new Map([...byFeature].map(([feature, those]) => [feature, missingText(those)])),
      warning: '',
    };
  } catch (error) {
    if (!isKubernetesError(error, 401, 403, 404, 405)) throw error;
    const warning = `permissions could not be reviewed (${error.message}): missing ones show up when they are used`;
    return { missing: new Map(), warning };
  }
}

function questionsOf(right: Right, places: ReviewedNamespaces): readonly Question[] {
  const { where, feature } = right;
  switch (where) {
    case 'cluster':
      return [{ right, namespace: '' }];
    case 'objects':
      return (places.objects[feature] ?? []).map(({ namespace, name }) => ({
        right: { ...right, name },
        namespace,
      }));
    default:
      return [...new Set(places[where])].map((namespace) => ({ right, namespace }));
  }
}

/** One line: what does not work, and the rules to add, by namespace. */
function missingText(denied: readonly Question[]): string {
  const places = Map.groupBy(denied, ({ namespace }) => namespace);
  const cures = [...places].map(([namespace, those]) => {
    const rules = rulesOf(those.map(({ right }) => right)).map(ruleLine);
    const role = namespace === '' ? 'a ClusterRole' : `a Role of namespace ${namespace}`;
    return `${rules.join(' and ')} to ${role}`;
  });
  const less = [...new Set(denied.map(({ right }) => right.without))].join(', ');
  return `a permission is missing, so ${less}: add ${cures.join(', and ')}, bound to the service account of the autoscaler`;
}
