import { errorText } from '@hangar/shared/error-text';
import { parseAllDocuments } from 'yaml';
import type { WireStage } from './wire.ts';

/** What the server derives from one pipeline of the YAML when it creates a build (drone-rpc §3.2). */
export type StagePlan = Pick<
  WireStage,
  | 'name'
  | 'type'
  | 'os'
  | 'arch'
  | 'variant'
  | 'kernel'
  | 'limit'
  | 'on_success'
  | 'on_failure'
  | 'depends_on'
  | 'labels'
>;

/** The build can't be created; the text names the place and the cure. */
export class BuildRefused extends Error {}

type Members = Readonly<Record<string, unknown>>;

const members = (value: unknown): Members =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Members) : {};

/** A scalar as text; anything else is empty. */
const textOf = (value: unknown): string =>
  ['string', 'number', 'boolean'].includes(typeof value) ? String(value) : '';

const textsOf = (value: unknown): string[] =>
  (Array.isArray(value) ? value : [value]).map(textOf).filter((text) => text !== '');

/** Derives the stages of all pipelines of type kubernetes; throws BuildRefused. */
export function plansFromYaml(yaml: string): StagePlan[] {
  const pipelines = readDocuments(yaml).filter((document) => document['kind'] === 'pipeline');
  const ours = pipelines.filter((document) => document['type'] === 'kubernetes').map(planOf);
  if (ours.length === 0)
    throw new BuildRefused('the YAML holds no document with kind: pipeline and type: kubernetes; add one');
  const foreign = new Set(pipelines.map((document) => textOf(document['name'])));
  return checkDependencies(ours, foreign);
}

function readDocuments(yaml: string): Members[] {
  try {
    return parseAllDocuments(yaml, { merge: true }).map((document) => {
      const [error] = document.errors;
      if (error !== undefined) throw error;
      return members(document.toJS());
    });
  } catch (error) {
    throw new BuildRefused(`the YAML cannot be read: ${errorText(error)}`);
  }
}

function planOf(pipeline: Members): StagePlan {
  const platform = members(pipeline['platform']);
  const limit = Number(members(pipeline['concurrency'])['limit'] ?? 0);
  return {
    name: textOf(pipeline['name']) || 'default',
    type: 'kubernetes',
    os: textOf(platform['os']) || 'linux',
    arch: textOf(platform['arch']) || 'amd64',
    variant: textOf(platform['variant']),
    kernel: textOf(platform['version']),
    limit: Number.isInteger(limit) ? limit : 0,
    ...triggerStatus(members(pipeline['trigger'])['status']),
    depends_on: textsOf(pipeline['depends_on']),
    labels: Object.fromEntries(
      Object.entries(members(pipeline['node'])).map(([key, value]) => [key, textOf(value)]),
    ),
  };
}

/** `trigger.status` as word, list or include/exclude; without one a stage runs on success only. */
function triggerStatus(status: unknown): Pick<StagePlan, 'on_success' | 'on_failure'> {
  const nested = members(status);
  const include = textsOf(
    'include' in nested ? nested['include'] : Object.keys(nested).length > 0 ? [] : status,
  );
  const exclude = textsOf(nested['exclude']);
  const matches = (name: string, byDefault: boolean) =>
    exclude.includes(name) ? false : include.length === 0 ? byDefault : include.includes(name);
  return { on_success: matches('success', true), on_failure: matches('failure', exclude.length > 0) };
}

/** Keeps dependencies on other stages; those on pipelines of other types are dropped, unknown ones refused. */
function checkDependencies(plans: readonly StagePlan[], known: ReadonlySet<string>): StagePlan[] {
  const names = new Set(plans.map((plan) => plan.name));
  if (names.size < plans.length)
    throw new BuildRefused('two pipelines have the same name; give each its own');
  for (const plan of plans)
    for (const name of plan.depends_on)
      if (!names.has(name) && !known.has(name))
        throw new BuildRefused(`pipeline ${plan.name} depends_on ${name}, which the YAML does not define`);
  const kept = plans.map((plan) => ({
    ...plan,
    depends_on: plan.depends_on.filter((name) => names.has(name)),
  }));
  refuseCycles(kept);
  return kept;
}

function refuseCycles(plans: readonly StagePlan[]): void {
  const settled = new Set<string>();
  for (let left = [...plans], before = -1; left.length > 0; ) {
    if (left.length === before)
      throw new BuildRefused(`the pipelines ${left.map((plan) => plan.name).join(', ')} wait for each other`);
    before = left.length;
    for (const plan of left) if (plan.depends_on.every((name) => settled.has(name))) settled.add(plan.name);
    left = left.filter((plan) => !settled.has(plan.name));
  }
}
