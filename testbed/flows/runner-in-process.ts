import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { type Assembly, assemble } from '@hangar/runner/assemble';
import { loadConfig } from '@hangar/runner/config';
import { run } from '@hangar/runner/runner';
import { systemClock } from '@hangar/shared/clock';
import { type Connection, connectByText } from '@hangar/shared/kubernetes/connection';
import type { ApiCall } from '@hangar/shared/kubernetes/http-cluster';
import { createLogger, type LogLevel } from '@hangar/shared/logger';

/** What a runner of a flow is started with. */
export interface RunnerSpec {
  readonly kubeconfig: string;
  readonly droneHost: string;
  readonly secret: string;
  readonly replica: string;
  readonly env: Readonly<Record<string, string>>;
  readonly logLevel?: LogLevel;
}

/** One call of the Kubernetes API that was answered. */
export interface AnsweredCall extends ApiCall {
  readonly status: number;
}

/** A runner in this process. */
export interface RunningRunner {
  readonly assembly: Assembly;
  readonly calls: readonly AnsweredCall[];
  /** Hands over as on SIGTERM; resolves when it has. */
  stop(): Promise<void>;
  /** Loses it as a kill -9 does, as far as one process allows: no call of it goes through any more, its Lease stays. */
  kill(): Promise<void>;
}

/** Starts a runner from its environment, as the daemon does, but in this process. */
export async function startRunner(spec: RunnerSpec): Promise<RunningRunner> {
  const env = {
    DRONE_RPC_HOST: spec.droneHost,
    DRONE_RPC_PROTO: 'http',
    DRONE_RPC_SECRET: spec.secret,
    DRONE_RUNNER_NAME: spec.replica,
    ...spec.env,
  };
  const loaded = loadConfig(env, (path) => readFileSync(path, 'utf8'), {
    hostname: spec.replica,
    version: 'test',
    namespace: 'default',
  });
  if ('problems' in loaded) throw new Error(loaded.problems.join('\n'));
  const connection: Connection = await connectByText(spec.kubeconfig);
  const calls: AnsweredCall[] = [];
  const nothing = (): undefined => undefined;
  const assembly = assemble(loaded.ok, {
    clock: systemClock(),
    random: Math.random,
    log: createLogger(spec.logLevel ?? 'error'),
    connection,
    readFile: (path) => readFile(path, 'utf8'),
    print: (text) => console.error(text),
    replica: spec.replica,
    events: {
      stepStarted: nothing,
      concluded: nothing,
      buildSeen: nothing,
      waited: nothing,
      launched: nothing,
      landed: nothing,
      failedEarly: nothing,
    },
    observer: { after: (call, status) => void calls.push({ ...call, status }) },
    serverAnswered: nothing,
  });
  const stop = new AbortController();
  const running = run(assembly.parts, assembly.options, stop.signal);
  running.catch((error: unknown) => console.error('the runner ended with an error', error));
  const end = async (first: () => Promise<void>, then: () => Promise<void>): Promise<void> => {
    if (stop.signal.aborted) return;
    await first();
    stop.abort(new Error('the runner was told to stop'));
    await running;
    await then();
  };
  const nothingMore = (): Promise<void> => Promise.resolve();
  return {
    assembly,
    calls,
    stop: () => end(nothingMore, () => assembly.close()),
    kill: () => end(() => assembly.close(), nothingMore),
  };
}
