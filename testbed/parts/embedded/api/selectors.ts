import { recordOf } from '@hangar/shared/json';
import type { KubeObject } from './objects.ts';
import type { ApiResource } from './resources.ts';
import { badRequest } from './status-errors.ts';

export type Matcher = (object: KubeObject) => boolean;

/** Fields beside metadata.name and metadata.namespace that the server can select by. */
const SELECTABLE: Readonly<Record<string, RegExp>> = {
  pods: /^(spec\.(nodeName|restartPolicy|schedulerName|serviceAccountName)|status\.(phase|podIP|nominatedNodeName))$/,
  events:
    /^(involvedObject\.(kind|namespace|name|uid|apiVersion|fieldPath)|reason|reportingComponent|source|type)$/,
  nodes: /^spec\.unschedulable$/,
  secrets: /^type$/,
  namespaces: /^status\.phase$/,
};

/** All requirements of a selector's text, separated by commas that are not inside parentheses, must hold. */
function matcherOf(text: string, requirementOf: (part: string) => Matcher): Matcher {
  if (text.trim() === '') return () => true;
  const requirements = text.split(/,(?![^(]*\))/).map((part) => requirementOf(part.trim()));
  return (object) => requirements.every((holds) => holds(object));
}

/**
 * Reads a label selector (`a=b,c!=d,e in (f,g),h,!i`).
 *
 * @throws {ApiError} 400 when it cannot be read
 */
export function labelMatcher(text: string): Matcher {
  return matcherOf(text, (part) => {
    const holds = labelRequirement(part);
    return ({ metadata }) => holds(metadata.labels ?? {});
  });
}

type LabelTest = (labels: Record<string, string>) => boolean;

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

/** The parser's messages for the common errors; a general one for the rest. */
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
export function fieldMatcher(resource: ApiResource, text: string): Matcher {
  return matcherOf(text, (part) => {
    const parsed = /^([^=!]+)(==|=|!=)(.*)$/.exec(part);
    if (parsed === null) throw badRequest(`invalid selector: '${part}'; can't understand '${part}'`);
    const [, field = '', operator, value = ''] = parsed;
    if (!/^metadata\.(name|namespace)$/.test(field) && !SELECTABLE[resource.plural]?.test(field))
      throw badRequest(`field label not supported: ${field}`);
    return (object) => (fieldOf(object, field) === value) === (operator !== '!=');
  });
}

function fieldOf(object: KubeObject, path: string): string {
  const found = path.split('.').reduce<unknown>((here, key) => recordOf(here)[key], object);
  const value = path === 'source' ? recordOf(found)['component'] : found;
  if (path === 'spec.unschedulable') return String(value === true);
  return typeof value === 'string' ? value : '';
}
