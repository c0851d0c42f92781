import { USUAL_BACKOFF } from '@hangar/shared/backoff';
import type { Clock } from '@hangar/shared/clock';
import { isTransient, type KubernetesError } from '@hangar/shared/kubernetes/cluster';
import type { Logger } from '@hangar/shared/logger';
import { retry } from '@hangar/shared/retry';
import type { Review } from '../permissions/review.ts';
import { CiServerError } from '../ports/ci-server.ts';

interface StartParts {
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Logger;
}

/** Retry options, and the log message of each failure. */
interface Trouble {
  readonly passes: (error: unknown) => boolean;
  readonly text: string;
}

const API_SILENT: Trouble = {
  passes: isTransient,
  text: 'the Kubernetes API does not answer; trying again',
};
const SERVER_SILENT: Trouble = {
  passes: (error) => error instanceof CiServerError,
  text: 'cannot ping the Drone server; trying again: check DRONE_RPC_PROTO, DRONE_RPC_HOST and DRONE_RPC_SECRET',
};

/** Retries until the API server responds; undefined if the signal was aborted first. A permanent refusal is thrown. */
export function reviewed(
  parts: StartParts,
  ask: (signal: AbortSignal) => Promise<Review>,
  signal: AbortSignal,
): Promise<Review | undefined> {
  return persist(parts, API_SILENT, signal, () => ask(signal));
}

/** Retries until the nodes are listed; false if the signal was aborted first. A permanent refusal is thrown. */
export async function listedNodes(
  parts: StartParts,
  list: (signal: AbortSignal) => Promise<void>,
  signal: AbortSignal,
): Promise<boolean> {
  return (await persist(parts, API_SILENT, signal, () => list(signal).then(() => true as const))) === true;
}

/** Pings until the Drone server responds, however long that takes: it may be starting too. False if the signal was aborted first. */
export async function pinged(
  parts: StartParts,
  ping: (signal: AbortSignal) => Promise<void>,
  signal: AbortSignal,
): Promise<boolean> {
  const answered = await persist(parts, SERVER_SILENT, signal, () => ping(signal).then(() => true as const));
  return answered === true;
}

async function persist<T>(
  { clock, random, log }: StartParts,
  { passes, text }: Trouble,
  signal: AbortSignal,
  ask: () => Promise<T>,
): Promise<T | undefined> {
  const onRetry = ({ error }: { error: unknown }): void => {
    const { message, status } = error as KubernetesError | CiServerError;
    log.error({ reason: message, status }, text);
  };
  const policy = { ...USUAL_BACKOFF, jitter: random, shouldRetry: passes, onRetry };
  return retry(clock, policy, signal, ask).catch((error: unknown) => {
    if (!signal.aborted) throw error;
    return undefined;
  });
}
