import { readFileSync } from 'node:fs';
import type { Assembly } from '@hangar/runner/assemble';
import { loadConfig } from '@hangar/runner/config';
import type { HttpParts } from '@hangar/runner/http-parts';
import { review } from '@hangar/runner/review';
import { run } from '@hangar/runner/runner';
import { createService, placesOf } from '@hangar/runner/service';
import { systemClock } from '@hangar/shared/clock';
import { type Connection, connectByText } from '@hangar/shared/kubernetes/connection';
import type { ApiCall } from '@hangar/shared/kubernetes/http-cluster';
import { createLogger } from '@hangar/shared/logger';

/** What a runner of a flow is started with. */
export interface RunnerSpec {
  readonly kubeconfig: string;
  readonly droneHost: string;
  readonly secret: string;
  readonly replica: string;
  readonly env: Readonly<Record<string, string>>;
  /** Whether it reviews its rights first and does with them what it can; else it has all of its own. */
  readonly isReviewed?: boolean;
}

/** One call of the Kubernetes API that was answered. */
export interface AnsweredCall extends ApiCall {
  readonly status: number;
}

/** A runner in this process. */
export interface RunningRunner {
  readonly assembly: Assembly;
  readonly calls: readonly AnsweredCall[];
  /** What its HTTP side would show; nothing listens. */
  readonly http: HttpParts;
  /** Shuts down as on SIGTERM; resolves when it has. */
  stop(): Promise<void>;
  /** Ends it as kill -9 does, as far as one process allows: its calls fail from now on, its Lease stays. */
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
  const host = { hostname: spec.replica, version: 'test', namespace: 'default' };
  const readText = (path: string): string => readFileSync(path, 'utf8');
  const loaded = loadConfig(env, readText, host);
  if ('problems' in loaded) throw new Error(loaded.problems.join('\n'));
  const connection: Connection = await connectByText(spec.kubeconfig);
  const calls: AnsweredCall[] = [];
  const stop = new AbortController();
  const print = (text: string): void => console.error(text);
  const clock = systemClock();
  const { assembly, http, heartbeat } = createService({
    ...{ config: loaded.ok, connection, clock, host, print },
    random: Math.random,
    log: createLogger('error'),
    eventLoopLagMs: () => 0,
    called: (call, status) => void calls.push({ ...call, status }),
  });
  heartbeat.started();
  const running = spec.isReviewed
    ? runReviewed(loaded.ok, assembly, stop.signal)
    : run(assembly.parts, assembly.options, stop.signal);
  running.catch((error: unknown) => console.error('the runner ended with an error', error));
  void assembly.nodes?.run(stop.signal);
  if (!spec.isReviewed) void assembly.watchEvents(assembly.options.namespaces, stop.signal);
  const tellToStop = (): void => stop.abort(new Error('the runner was told to stop'));
  const stopped = async (): Promise<void> => {
    if (stop.signal.aborted) return;
    tellToStop();
    await running;
    await assembly.close();
  };
  const killed = async (): Promise<void> => {
    if (stop.signal.aborted) return;
    await assembly.close();
    tellToStop();
    // Under the previous Role it would finish its pipelines first, which it cannot any more.
    if (!spec.isReviewed) await running;
  };
  return {
    assembly,
    calls,
    http,
    stop: stopped,
    kill: killed,
  };
}

type RunnerConfig = Extract<ReturnType<typeof loadConfig>, { ok: unknown }>['ok'];

/** As the daemon does once it knows its rights. */
async function runReviewed(config: RunnerConfig, assembly: Assembly, stop: AbortSignal): Promise<void> {
  const granted = await review(assembly.parts.cluster, placesOf(config, assembly), stop);
  await assembly.run({ granted, gateImage: config.compile.gateImage }, stop);
}
