import { isRecord, type KubeObject } from './objects.ts';
import type { Resource } from './resources.ts';
import { badRequest } from './status-errors.ts';

export type Matcher = (object: KubeObject) => boolean;

const EVERYTHING: Matcher = () => true;

/** Fields beside metadata.name and metadata.namespace that the server can select by. */
const SELECTABLE: Readonly<Record<string, readonly string[]>> = {
  pods: [
    'spec.nodeName',
    'spec.restartPolicy',
    'spec.schedulerName',
    'spec.serviceAccountName',
    'status.phase',
    'status.podIP',
    'status.nominatedNodeName',
  ],
  events: [
    'involvedObject.kind',
    'involvedObject.namespace',
    'involvedObject.name',
    'involvedObject.uid',
    'involvedObject.apiVersion',
    'involvedObject.fieldPath',
    'reason',
    'reportingComponent',
    'source',
    'type',
  ],
  nodes: ['spec.unschedulable'],
  secrets: ['type'],
  namespaces: ['status.phase'],
};

/**
 * Reads a label selector (`a=b,c!=d,e in (f,g),h,!i`).
 *
 * @throws {ApiError} 400 when it cannot be read
 */
export function labelMatcher(text: string): Matcher {
  if (text.trim() === '') return EVERYTHING;
  const requirements = splitOutsideParentheses(text).map(labelRequirement);
  return (object) => requirements.every((holds) => holds(object.metadata.labels ?? {}));
}

type LabelTest = (labels: Record<string, string>) => boolean;

function splitOutsideParentheses(text: string): string[] {
  return text.split(/,(?![^(]*\))/).map((part) => part.trim());
}

const KEY = '([A-Za-z0-9][-A-Za-z0-9_./]*)';
const SET = new RegExp(`^${KEY}\\s+(in|notin)\\s+\\(([^)]*)\\)$`);
const EQUALITY = new RegExp(`^${KEY}\\s*(==|=|!=)\\s*([-A-Za-z0-9_.]*)$`);
const EXISTS = new RegExp(`^(!?)\\s*${KEY}$`);

function labelRequirement(part: string): LabelTest {
  const set = SET.exec(part);
  if (set !== null) {
    const [, key = '', operator, list = ''] = set;
    const values = new Set(list.split(',').map((value) => value.trim()));
    return (labels) => values.has(labels[key] ?? '\0') === (operator === 'in');
  }
  const equality = EQUALITY.exec(part);
  if (equality !== null) {
    const [, key = '', operator, value = ''] = equality;
    return (labels) => (labels[key] === value) === (operator !== '!=');
  }
  const exists = EXISTS.exec(part);
  if (exists === null) throw badRequest(unreadText(part));
  const [, not, key = ''] = exists;
  return (labels) => Object.hasOwn(labels, key) === (not === '');
}

const OPEN_LIST = /^\S+\s+(?:in|notin)\s+\(\s*$/;
const TWO_VALUES = /^[^\s=!]+\s*(?:==|=|!=)\s*\S+\s+(\S+)/;

/** The parser's words for what goes wrong most; a general one for the rest. */
function unreadText(part: string): string {
  if (OPEN_LIST.test(part)) return "unable to parse requirement: found '', expected: ',', ')' or identifier";
  const second = TWO_VALUES.exec(part)?.[1];
  return second === undefined
    ? `unable to parse requirement: found '${part}'`
    : `found '${second}', expected: ',' or 'end of string'`;
}

/**
 * Reads a field selector (`metadata.name=x,status.phase!=Running`).
 *
 * @throws {ApiError} 400 for a field the server cannot select by
 */
export function fieldMatcher(resource: Resource, text: string): Matcher {
  if (text.trim() === '') return EVERYTHING;
  const requirements = text.split(',').map((part) => fieldRequirement(resource, part.trim()));
  return (object) => requirements.every((holds) => holds(object));
}

function fieldRequirement(resource: Resource, part: string): Matcher {
  const parsed = /^([^=!]+)(==|=|!=)(.*)$/.exec(part);
  if (parsed === null) throw badRequest(`invalid selector: '${part}'; can't understand '${part}'`);
  const [, field = '', operator, value = ''] = parsed;
  const known = ['metadata.name', 'metadata.namespace', ...(SELECTABLE[resource.plural] ?? [])];
  if (!known.includes(field)) {
    throw badRequest(`field label not supported: ${field}`);
  }
  return (object) => (fieldOf(object, field) === value) === (operator !== '!=');
}

function fieldOf(object: KubeObject, path: string): string {
  let here: unknown = object;
  for (const key of path.split('.')) here = isRecord(here) ? here[key] : undefined;
  if (path === 'source' && isRecord(here)) here = here['component'];
  if (path === 'spec.unschedulable') return here === true ? 'true' : 'false';
  return typeof here === 'string' ? here : '';
}
