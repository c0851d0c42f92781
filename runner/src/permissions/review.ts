import { type Cluster, isKubernetesError } from '@hangar/shared/kubernetes/cluster';
import { isAllowed } from '@hangar/shared/kubernetes/rights';
import { type Feature, RIGHTS, type Right, ruleLine, rulesOf, UPDATE_PODS, WITHOUT } from './permissions.ts';

/** The namespaces in which rights are needed. */
export interface ReviewedNamespaces {
  /** Namespaces of Pods without which no pipeline can run. */
  readonly pods: readonly string[];
  /** Namespaces that only some pipelines use (namespace rules): a missing right there affects only those. */
  readonly somePods: readonly string[];
  readonly lease: string;
  /** Whether some pipelines get a fresh namespace, so that Pods may be in any namespace. */
  readonly randomNamespaces: boolean;
  /** Whether stages wait for room on nodes. */
  readonly nodes: boolean;
}

/** Whether replicas know of each other by Leases, or each works for itself. */
export type Coordination = 'leases' | 'none';

/** How the runner works with the rights that it has. */
export interface Granted {
  readonly coordination: Coordination;
  /** Namespaces where Pods are changed by get and update; empty text = all that are not listed in the settings. */
  readonly updateIn: readonly string[];
  /** Namespaces where the Secret of a pipeline can't be read, which has the values to hide in logs; empty text as above. */
  readonly secretsHiddenIn: readonly string[];
  /** Namespaces of Pods whose Events may be watched; empty text = all namespaces at once. */
  readonly eventPlaces: readonly string[];
}

/** The result of a review, one message with remedy per entry. */
export interface Review extends Granted {
  /** Without these the runner can't work. */
  readonly missing: readonly string[];
  /** These disable a feature, or affect some pipelines. */
  readonly warnings: readonly string[];
}

/** `auto`: by Leases if all their rights are there. */
export type CoordinationWish = Coordination | 'auto';

/** One access review: this right, in that namespace (empty = in all of them). */
interface Question {
  readonly right: Right;
  readonly namespace: string;
  /** Whether no pipeline could run without it; undefined: what is off without it. */
  readonly need: 'all pipelines' | 'some pipelines' | Feature;
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
  wish: CoordinationWish = 'auto',
): Promise<Review> {
  const questions = questionsOf(places, wish);
  try {
    const denied = await deniedOf(cluster, questions, signal);
    const withoutUpdate = await deniedOf(cluster, denied.filter(isPatch).map(updateInstead), signal);
    return judged(places, wish, [...denied, ...withoutUpdate]);
  } catch (error) {
    if (!isKubernetesError(error, 401, 403, 404, 405)) throw error;
    return {
      ...judged(places, wish, []),
      warnings: [`rights could not be reviewed (${error.message}): missing ones show up when they are used`],
    };
  }
}

async function deniedOf(
  cluster: Cluster,
  questions: readonly Question[],
  signal: AbortSignal,
): Promise<readonly Question[]> {
  const answers = await Promise.all(
    questions.map(({ right, namespace }) => isAllowed(cluster, right, namespace, signal)),
  );
  return questions.filter((_question, index) => !answers[index]);
}

const isPatch = ({ right }: Question): boolean => right.needed === 'patch';

/** Without `patch` the runner needs `update`, wherever it changes Pods. */
const updateInstead = (question: Question): Question => ({ ...question, right: UPDATE_PODS });

function judged(places: ReviewedNamespaces, wish: CoordinationWish, denied: readonly Question[]): Review {
  const lacking = (feature: Feature): readonly string[] =>
    denied.filter(({ right }) => right.needed === feature).map(({ namespace }) => namespace);
  const unchangeable = denied.filter(({ right }) => right === UPDATE_PODS).map(({ namespace }) => namespace);
  const needOfDenied = ({ right, need, namespace }: Question): Question['need'] =>
    right.needed === 'patch' && unchangeable.includes(namespace) ? podNeed(places, namespace) : need;
  const judgedAlone = denied
    .filter(({ right }) => right !== UPDATE_PODS)
    .map((one) => ({ ...one, need: needOfDenied(one) }));
  const shown = judgedAlone.map((one) => ({ ...one, need: needBeside(one, judgedAlone) }));
  const needing = (need: Question['need']): readonly Question[] => shown.filter((one) => one.need === need);
  const isAlone = wish === 'none' || (wish === 'auto' && lacking('coordination').length > 0);
  return {
    missing: inWords(needing('all pipelines')),
    warnings: [
      ...inWords(needing('some pipelines')),
      ...(Object.keys(WITHOUT) as Feature[]).flatMap((feature) => offWords(needing(feature), feature)),
    ],
    coordination: isAlone ? 'none' : 'leases',
    updateIn: lacking('patch'),
    secretsHiddenIn: lacking('take over'),
    eventPlaces: eventPlacesOf(places).filter((place) => !lacking('pull notes').includes(place)),
  };
}

/** Where nothing runs anyway, all missing rights are one entry with one list of rules. */
function needBeside({ need, namespace }: Question, all: readonly Question[]): Question['need'] {
  const there = all.filter((one) => one.namespace === namespace).map((one) => one.need);
  if (there.includes('all pipelines')) return 'all pipelines';
  return there.includes('some pipelines') ? 'some pipelines' : need;
}

/** Namespaces without which no pipeline can run; empty text = all. */
const podPlacesOf = ({ pods, randomNamespaces }: ReviewedNamespaces): readonly string[] => [
  ...new Set(randomNamespaces ? ['', ...pods] : pods),
];

const podNeed = (places: ReviewedNamespaces, namespace: string): 'all pipelines' | 'some pipelines' =>
  podPlacesOf(places).includes(namespace) ? 'all pipelines' : 'some pipelines';

/** One watch of all namespaces if Pods may be in any: a watch per fresh namespace would be a request per pipeline. */
const eventPlacesOf = ({ pods, randomNamespaces }: ReviewedNamespaces): readonly string[] =>
  randomNamespaces ? [''] : [...new Set(pods)];

function questionsOf(places: ReviewedNamespaces, wish: CoordinationWish): readonly Question[] {
  return RIGHTS.flatMap((right): readonly Question[] => {
    const need = needOf(right, wish);
    if (right.needed === 'pull notes')
      return eventPlacesOf(places).map((namespace) => ({ right, namespace, need }));
    switch (right.where) {
      case 'pods':
        return podQuestions(right, need, places);
      case 'lease':
        return wish === 'none' ? [] : [{ right, namespace: places.lease, need }];
      case 'cluster':
        return places.randomNamespaces ? [{ right, namespace: '', need }] : [];
      case 'nodes':
        return places.nodes ? [{ right, namespace: '', need }] : [];
    }
  });
}

function needOf({ needed }: Right, wish: CoordinationWish): Question['need'] {
  const isOff = needed in WITHOUT && !(needed === 'coordination' && wish === 'leases');
  return isOff ? (needed as Feature) : 'all pipelines';
}

function podQuestions(right: Right, need: Question['need'], places: ReviewedNamespaces): readonly Question[] {
  return [...new Set([...podPlacesOf(places), ...places.somePods])].map((namespace) => ({
    right,
    namespace,
    need: need === 'all pipelines' ? podNeed(places, namespace) : need,
  }));
}

/** One entry per namespace: what is missing, what it is needed for, and the rule to add. */
function inWords(denied: readonly Question[]): readonly string[] {
  return [...byPlace(denied)].map(([namespace, rights]) =>
    [
      `${lackText(namespace, rights)}. ${remedyText(namespace)}:`,
      ...rulesOf(rights).map((rule) => `  - ${ruleLine(rule)}`),
    ].join('\n'),
  );
}

/** One line per namespace: what is off, and the rule to add. */
function offWords(denied: readonly Question[], feature: Feature): readonly string[] {
  return [...byPlace(denied)].map(([namespace, rights]) => {
    const rules = rulesOf(rights).map(ruleLine).join(', ');
    return `optional: ${lackText(namespace, rights)}. Without that, ${WITHOUT[feature]}. ${remedyText(namespace)}: ${rules}`;
  });
}

function byPlace(denied: readonly Question[]): ReadonlyMap<string, readonly Right[]> {
  const places = Map.groupBy(denied, ({ namespace }) => namespace);
  return new Map([...places].map(([namespace, those]) => [namespace, those.map(({ right }) => right)]));
}

function lackText(namespace: string, rights: readonly Right[]): string {
  const what = rights.map((right) => `${right.verb} ${right.resource} (${right.use})`).join('; ');
  const where = namespace === '' ? 'in the whole cluster' : `in namespace ${namespace}`;
  return `the runner is not allowed, ${where}: ${what}`;
}

function remedyText(namespace: string): string {
  const holder = namespace === '' ? 'a ClusterRole' : `a Role of namespace ${namespace}`;
  return `Add to ${holder}, bound to its service account`;
}
