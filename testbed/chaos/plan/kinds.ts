import type { Random } from '@hangar/autoscaler/simulate/random';
import type { FaultAction, RequestEffect, RequestKind, ServerName, WatchEffect } from './actions.ts';

/** One row of the table of faults. */
export interface FaultKind {
  readonly name: string;
  /** Whether only the embedded cluster can be made to fail like that. */
  readonly isEmbeddedOnly?: true;
  /** It occurs once in so much time, and so only in long runs; default: it has the same share as the other ones. */
  readonly everyMs?: number;
  /** Chooses the details at random. */
  make(random: Random): FaultAction;
}

const LONGEST_JUMP_MS = 3_600_000;
const MOST_PICKS = 1_000;
const pick = (random: Random): number => random.below(MOST_PICKS);
const between = (random: Random, least: number, most: number): number => least + random.below(most - least);

/** Retries of a call within seconds meet the same fault; the number of affected requests is limited, so that calls succeed in between. */
const requests =
  (server: ServerName, effect: RequestEffect, of: RequestKind) =>
  (random: Random): FaultAction => ({
    on: 'requests',
    server,
    effect,
    times: between(random, 1, 12),
    of,
    lastsMs: between(random, 1_000, 6_000),
  });

/** A conflict occurs only for an existing object, an expired version only for a watch. */
const CLASSES: Readonly<Record<number, RequestKind>> = { 409: 'patches', 410: 'watches' };

const answered = (server: ServerName, status: number): FaultKind => ({
  name: `${NAMES[server]} answers ${status}`,
  make: requests(server, { kind: 'answer', status, when: 'before' }, CLASSES[status] ?? 'all'),
});

const NAMES: Readonly<Record<ServerName, string>> = { kubernetes: 'Kubernetes', drone: 'Drone' };

const cuts = (server: ServerName): readonly FaultKind[] => [
  {
    name: `${NAMES[server]}: cut before the effect`,
    make: requests(server, { kind: 'cut', when: 'before' }, 'all'),
  },
  {
    name: `${NAMES[server]}: cut after the effect`,
    make: requests(server, { kind: 'cut', when: 'after' }, 'writes'),
  },
  {
    name: `${NAMES[server]}: 500 after the effect`,
    make: requests(server, { kind: 'answer', status: 500, when: 'after' }, 'writes'),
  },
  {
    name: `${NAMES[server]}: half answers`,
    make: requests(server, { kind: 'half-answer' }, 'all'),
  },
];

/** Connections of one daemon, or of all, are refused or get no answer for so long. */
const cutOff =
  (server: ServerName, whose: 'one' | 'all', [leastMs, mostMs]: readonly [number, number]) =>
  (random: Random): FaultAction => ({
    on: 'connections',
    server,
    how: random.below(2) === 0 ? 'refused' : 'silent',
    pick: whose === 'one' ? pick(random) : undefined,
    lastsMs: between(random, leastMs, mostMs),
  });

const outages = (server: ServerName): readonly FaultKind[] => [
  { name: `partition from ${NAMES[server]}`, make: cutOff(server, 'one', [3_000, 20_000]) },
  { name: `outage of ${NAMES[server]}`, make: cutOff(server, 'all', [2_000, 15_000]) },
];

/** Its faults last so long that a run of minutes would consist of them. */
const LONG_EVERY_MS = 900_000;

const longOutage = (server: ServerName): FaultKind => ({
  name: `outage of ${NAMES[server]} for minutes`,
  everyMs: LONG_EVERY_MS,
  make: cutOff(server, 'all', [60_000, 180_000]),
});

const watches = (how: WatchEffect): FaultKind => ({
  name: `watches ${how}`,
  ...(how === 'expired' ? { isEmbeddedOnly: true } : {}),
  make: (random) => ({ on: 'watches', how, pick: pick(random), lastsMs: between(random, 2_000, 10_000) }),
});

const ofPods = (name: string, by: 'deletion' | 'eviction' | 'removal'): FaultKind => ({
  name,
  make: (random) => ({ on: 'pod', by, pick: pick(random) }),
});

/** All kinds of faults. */
export const KINDS: readonly FaultKind[] = [
  {
    name: 'kill -9',
    make: (random) => ({
      ...{ on: 'process', by: 'SIGKILL', pick: pick(random) },
      isNewPod: random.below(2) === 0,
    }),
  },
  {
    name: 'SIGTERM',
    make: (random) => ({ on: 'process', by: 'SIGTERM', pick: pick(random), isNewPod: true }),
  },
  {
    name: 'SIGSTOP',
    make: (random) => ({
      ...{ on: 'process', by: 'SIGSTOP', pick: pick(random) },
      lastsMs: between(random, 1_000, 25_000),
    }),
  },
  ...outages('kubernetes'),
  ...outages('drone'),
  longOutage('kubernetes'),
  longOutage('drone'),
  ...[401, 403, 409, 410, 429, 500, 503].map((status) => answered('kubernetes', status)),
  ...cuts('kubernetes'),
  ...(['dropped', 'silent', 'late', 'reordered', 'expired'] as const).map(watches),
  ...[401, 429, 500, 503].map((status) => answered('drone', status)),
  ...cuts('drone'),
  {
    name: 'Drone: slow',
    make: (random) => ({
      ...{ on: 'requests', server: 'drone', of: 'all' },
      effect: { kind: 'slow', delayMs: between(random, 500, 3_000) },
      times: 20,
      lastsMs: between(random, 2_000, 8_000),
    }),
  },
  { name: 'Drone restarts', make: () => ({ on: 'drone', by: 'restart' }) },
  ofPods('Pod deleted', 'deletion'),
  { ...ofPods('Pod evicted', 'eviction'), isEmbeddedOnly: true },
  ofPods('Pod vanished', 'removal'),
  {
    name: 'node lost',
    isEmbeddedOnly: true,
    make: (random) => ({ on: 'node', by: 'loss', pick: pick(random), lastsMs: 2_000 }),
  },
  {
    name: 'node silent',
    isEmbeddedOnly: true,
    make: (random) => ({
      ...{ on: 'node', by: 'silence', pick: pick(random) },
      lastsMs: between(random, 2_000, 8_000),
    }),
  },
  {
    name: 'clock jump',
    make: (random) => ({
      ...{ on: 'clock', pick: pick(random) },
      byMs: (random.below(2) === 0 ? 1 : -1) * between(random, 2_000, LONGEST_JUMP_MS),
      lastsMs: between(random, 2_000, 20_000),
    }),
  },
  { name: 'cancel', make: (random) => ({ on: 'build', by: 'cancel', pick: pick(random) }) },
];
