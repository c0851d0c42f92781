import type { Resources } from '../capacity/shape.ts';
import type { ScrapeProblem } from './runner-reading.ts';

/** A stage that a runner has accepted and no scheduler can see yet. */
export interface KnownStage {
  readonly stageId: number;
  readonly repo: string;
  readonly reason: string;
  /** The Pod that is held for it; empty: none yet. */
  readonly pod: string;
  readonly sinceMs: number | undefined;
  /** Undefined when the runner doesn't know yet. */
  readonly request: Resources | undefined;
}

/** Beyond it a runner is lying or lost: the rest is left out. */
const MOST_STAGES = 100_000;
const MOST_CPU_MILLICORES = 1_000_000;
const MOST_MEMORY_BYTES = 2 ** 44;

type Fields = Readonly<Record<string, unknown>>;

const isFields = (value: unknown): value is Fields => typeof value === 'object' && value !== null;
const text = (value: unknown): string => (typeof value === 'string' ? value.slice(0, 500) : '');
const amount = (value: unknown, most: number): number | undefined =>
  typeof value === 'number' && value >= 0 && value <= most ? value : undefined;

function requestOf(fields: Fields): Resources | undefined {
  const cpuMillicores = amount(fields['cpuMillicores'], MOST_CPU_MILLICORES);
  const memoryBytes = amount(fields['memoryBytes'], MOST_MEMORY_BYTES);
  if (cpuMillicores === undefined || memoryBytes === undefined) return undefined;
  return cpuMillicores === 0 && memoryBytes === 0 ? undefined : { cpuMillicores, memoryBytes };
}

function stageOf(fields: Fields): KnownStage | undefined {
  const stageId = amount(fields['stageId'], Number.MAX_SAFE_INTEGER);
  if (stageId === undefined) return undefined;
  const since = Date.parse(text(fields['since']));
  return {
    stageId,
    repo: text(fields['repo']),
    reason: text(fields['reason']),
    pod: text(fields['pod']),
    sinceMs: Number.isNaN(since) ? undefined : since,
    request: requestOf(fields),
  };
}

function listOf(body: string): readonly unknown[] | undefined {
  try {
    const data: unknown = JSON.parse(body);
    const waiting = isFields(data) ? data['waiting'] : undefined;
    return Array.isArray(waiting) ? waiting : undefined;
  } catch {
    return undefined;
  }
}

/** What a runner's `GET /demand` says; what makes no sense is set aside and told. */
export function readKnownStages(
  target: string,
  body: string,
): { readonly stages: readonly KnownStage[] | undefined; readonly problems: readonly ScrapeProblem[] } {
  const list = listOf(body);
  const cure = 'it must be the answer of a Hangar runner: { "waiting": [ { "stageId": … } ] }';
  if (list === undefined)
    return {
      stages: undefined,
      problems: [{ target, problem: 'GET /demand is no list of waiting stages', cure }],
    };
  const stages = list.slice(0, MOST_STAGES).flatMap((one) => (isFields(one) ? (stageOf(one) ?? []) : []));
  const lost = list.length - stages.length;
  const problems =
    lost === 0 ? [] : [{ target, problem: `${lost} entries of GET /demand make no sense`, cure }];
  return { stages, problems };
}
