import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type Clock, systemClock } from '@hangar/shared/clock';
import type { Backend } from './backend.ts';
import { type BuildRequest, createBuild } from './build-request.ts';
import { Calls } from './calls.ts';
import { Changes } from './changes.ts';
import type { DetailFailure } from './detail.ts';
import { RpcFaults } from './faults.ts';
import { send } from './http-edge.ts';
import { UI_PAGE } from './page.ts';
import { Queue } from './queue.ts';
import { isRestPath, serveRest } from './rest.ts';
import { type LogStorage, plain, type RpcSettings } from './rpc.ts';
import { type RpcEdgeParts, serveRpc } from './rpc-edge.ts';
import { isRpcPath } from './rpc-routes.ts';
import { BuildStore } from './store.ts';
import { Streams } from './streams.ts';
import { type CancelStatus, cancelBuild, cancelStages } from './updates.ts';
import {
  type BuildStageView,
  type BuildView,
  describeBuild,
  findStep,
  isBuildOver,
  type LogView,
  type Seen,
  viewBuild,
  viewLog,
} from './views.ts';
import { Watches, type WatchMode } from './watches.ts';
import type { WireLine, WireStep } from './wire.ts';

/** How a practice server is set up; all but the secret have defaults. */
export interface PracticeOptions {
  /** The RPC secret; empty refuses every call with 403, as a server without one does. */
  readonly secret: string;
  /** TCP port on 127.0.0.1; 0, the default, takes a free one. */
  readonly port?: number;
  /** Length of the long polls; 30 000 by default, as the real server's. */
  readonly longPollMs?: number;
  /** Pause of a cancel between waking the watchers and rewriting stages; 0 by default. */
  readonly cancelPauseMs?: number;
  readonly watchMode?: WatchMode;
  readonly logStorage?: LogStorage;
  readonly clock?: Clock;
  /** Finished builds beyond this number are forgotten, oldest first; 500 by default. */
  readonly maxBuilds?: number;
  /** Larger bodies are cut off; 64 MiB by default. */
  readonly maxBodyBytes?: number;
  /** Recorded calls; the newest 20 000 by default. */
  readonly maxCalls?: number;
}

/** Limits of a wait; 30 000 ms by default. */
export interface WaitOptions {
  readonly timeoutMs?: number;
}

/** Where a step is; without a stage the first that has a step of this name is meant. */
type StepPlace = readonly [buildId: number, stepName: string, stageName?: string];

const DEFAULT_WAIT_MS = 30_000;
const MAX_COMPLAINTS = 1000;

/** A Drone server for practice: the runner's RPC with all its traps, and handles for tests to pull. */
export class PracticeServer {
  /** Faults per endpoint. */
  readonly faults = new RpcFaults();
  /** Every RPC call with its time. */
  readonly calls: Calls;
  /** What the real server would take without a word although its UI or data suffer; empty if the runner is good. */
  readonly complaints: string[] = [];
  /** Pause of a cancel between waking the watchers and rewriting stages; may be changed at any time. */
  cancelPauseMs: number;

  readonly #changes: Changes;
  readonly #backend: Backend;
  readonly #settings: RpcSettings;
  readonly #http: Server;
  readonly #edge: RpcEdgeParts;
  #pendingCancels = new Set<() => void>();
  #down = false;
  /** Rises when the process dies: what was under way before must not take effect after. */
  #incarnation = 0;
  #port = 0;

  constructor(options: PracticeOptions) {
    const clock = options.clock ?? systemClock();
    this.#changes = new Changes(clock);
    this.cancelPauseMs = options.cancelPauseMs ?? 0;
    this.calls = new Calls(clock, options.maxCalls ?? 20_000, this.#changes.changed);
    this.#backend = buildBackend(options, clock, this.#changes.changed);
    this.#settings = {
      secret: options.secret,
      longPollMs: options.longPollMs ?? 30_000,
      logStorage: options.logStorage ?? 'database',
      system: {},
      detailFailures: [],
    };
    this.#edge = {
      backend: this.#backend,
      settings: this.#settings,
      calls: this.calls,
      faults: this.faults,
      incarnation: () => this.#incarnation,
      maxBodyBytes: options.maxBodyBytes ?? 64 * 1024 * 1024,
      complain: (text) => {
        if (this.complaints.length < MAX_COMPLAINTS) this.complaints.push(text);
      },
    };
    this.#http = this.#createHttp();
  }

  /** Opens the port; called by startPracticeServer. */
  async listen(port: number): Promise<void> {
    await once(this.#http.listen(port, '127.0.0.1'), 'listening');
    this.#port = (this.#http.address() as AddressInfo).port;
    this.#settings.system = { proto: 'http', host: this.host, link: this.url, version: '2.28.1' };
  }

  /** `127.0.0.1:port`, the value of DRONE_RPC_HOST. */
  get host(): string {
    return `127.0.0.1:${this.#port}`;
  }

  /** The address without a trailing slash. */
  get url(): string {
    return `http://${this.host}`;
  }

  /** Creates a build as a webhook does; throws BuildRefused for a YAML without Kubernetes pipelines. */
  createBuild(request: BuildRequest): BuildView {
    return this.build(createBuild(this.#backend, request));
  }

  /** The current state of a build; throws for an unknown id. */
  build(buildId: number): BuildView {
    const view = viewBuild(this.#backend.store, buildId);
    if (view === undefined) throw new Error(`there is no build ${buildId}`);
    return view;
  }

  /** All kept builds, newest first. */
  builds(): BuildView[] {
    const views = this.#backend.store
      .builds()
      .flatMap((build) => viewBuild(this.#backend.store, build.id) ?? []);
    return views.reverse();
  }

  /** A stage by name; throws if the build has none of that name. */
  stage(buildId: number, stageName = 'default'): BuildStageView {
    const build = this.build(buildId);
    const stage = build.stages.find((candidate) => candidate.name === stageName);
    if (stage === undefined) throw new Error(`no stage ${stageName} in ${describeBuild(build)}`);
    return stage;
  }

  /** A step by name, in the named stage or the first that has it; undefined before it is registered. */
  step(...[buildId, stepName, stageName]: StepPlace): (WireStep & Seen) | undefined {
    return findStep(this.build(buildId), stepName, stageName);
  }

  /** The uploaded lines of a step; undefined before the upload. */
  log(...place: StepPlace): readonly WireLine[] | undefined {
    const view = this.logView(...place);
    return view.source === 'stored' ? view.lines : undefined;
  }

  /** The uploaded text of a step, all lines joined; undefined before the upload. */
  logText(...place: StepPlace): string | undefined {
    const lines = this.log(...place);
    return lines?.map((line) => line.out).join('');
  }

  /** The lines streamed so far; undefined while the step has no live stream. */
  liveLog(...place: StepPlace): readonly WireLine[] | undefined {
    return this.#backend.streams.lines(this.#stepId(place));
  }

  /** What the UI shows of a step's log now. */
  logView(...place: StepPlace): LogView {
    return viewLog(this.#backend.store, this.#backend.streams, this.#stepId(place));
  }

  /** The received bytes of a step's upload; undefined before the upload. */
  uploadedBytes(...place: StepPlace): Buffer | undefined {
    return this.#backend.store.uploadedLog(this.#stepId(place));
  }

  /** The data of a step's card; undefined without one. */
  card(...place: StepPlace): unknown {
    return this.#backend.store.card(this.#stepId(place));
  }

  /** 0, which nothing has, before the step is registered. */
  #stepId(place: StepPlace): number {
    return this.step(...place)?.id ?? 0;
  }

  /** Resolves once neither the build nor any of its stages will change; rejects after the timeout with its status. */
  waitForBuild(buildId: number, options: WaitOptions = {}): Promise<BuildView> {
    return this.waitUntil(`the end of ${describeBuild(this.build(buildId))}`, options, () => {
      const build = this.build(buildId);
      return isBuildOver(build) && build;
    });
  }

  /** Resolves with the first value of the probe that is neither undefined nor false; it runs at each change. */
  waitUntil<T>(what: string, options: WaitOptions, probe: () => T | undefined | false): Promise<T> {
    const timeoutMs = options.timeoutMs ?? DEFAULT_WAIT_MS;
    return this.#changes.until(probe, timeoutMs, () => {
      const state = this.builds().slice(0, 5).map(describeBuild).join('\n');
      return new Error(`waited ${timeoutMs} ms for ${what}; now:\n${state}`);
    });
  }

  /** Cancels as a person does: build, watchers, pause, stages. False if the build is done already. */
  cancel(buildId: number, status: CancelStatus = 'killed'): boolean {
    if (!cancelBuild(this.#backend, buildId, status)) return false;

    if (this.cancelPauseMs === 0) {
      cancelStages(this.#backend, buildId);
      return true;
    }
    const callOff = this.#backend.clock.after(this.cancelPauseMs, () => {
      this.#pendingCancels.delete(callOff);
      cancelStages(this.#backend, buildId);
    });
    this.#pendingCancels.add(callOff);
    return true;
  }

  /** The next detail calls fail with 500; by default the stage is marked as `error`, as since 2.28.1. */
  failDetail(failure: Partial<DetailFailure> = {}, times = 1): void {
    const whole = { text: 'cannot fetch the configuration', marksStage: true, ...failure };
    for (let left = times; left > 0; left--) this.#settings.detailFailures.push(whole);
  }

  /** How many polls wait for a stage now. */
  get waitingPolls(): number {
    return this.#backend.queue.waitingPolls;
  }

  /** How many watches a build has now. */
  watchCount(buildId: number): number {
    return this.#backend.watches.count(buildId);
  }

  /** Deals nothing until resumed. */
  pauseQueue(): void {
    this.#backend.queue.pause();
  }

  /** Deals again. */
  resumeQueue(): void {
    this.#backend.queue.resume();
  }

  /** The process restarts at once: connections, live logs, watches and cancels under way are lost. */
  restart(): void {
    this.down();
    this.up();
  }

  /** The process dies: every connection is cut, and new ones are, until `up`. The data stay. */
  down(): void {
    this.#down = true;
    this.#incarnation += 1;
    for (const callOff of this.#pendingCancels) callOff();
    this.#pendingCancels = new Set();
    this.#backend.streams.clear();
    this.#http.closeAllConnections();
    this.#changes.changed();
  }

  /** The process is there again. */
  up(): void {
    this.#down = false;
  }

  /** Ends all connections and timers at once and frees the port. */
  async close(): Promise<void> {
    this.down();
    this.faults.clear();
    this.#backend.queue.close();
    this.#backend.watches.close();
    if (!this.#http.listening) return;
    this.#http.close();
    await once(this.#http, 'close');
  }

  #createHttp(): Server {
    const http = createServer({ requestTimeout: 0, headersTimeout: 0, keepAliveTimeout: 0 });
    http.on('connection', (socket) => {
      if (this.#down) socket.destroy();
    });
    http.on('request', (request, response) => {
      this.#serve(request, response).catch((error: unknown) => {
        if (response.headersSent || response.destroyed) response.destroy();
        else send(response, plain(500, String(error)));
      });
    });
    return http;
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const path = (request.url ?? '/').split('?', 1)[0] ?? '/';
    if (isRpcPath(path)) {
      await serveRpc(this.#edge, request, response);
    } else if (isRestPath(path)) {
      await serveRest(this, request, response);
    } else {
      request.resume();
      send(response, UI_PAGE);
    }
  }
}

function buildBackend(options: PracticeOptions, clock: Clock, changed: () => void): Backend {
  const store = new BuildStore(clock, options.maxBuilds ?? 500, changed);
  return {
    clock,
    store,
    streams: new Streams(changed),
    watches: new Watches(clock, options.watchMode ?? 'memory', changed),
    queue: new Queue({ clock, stages: () => store.openStages(), changed }),
  };
}

/** Starts a practice server on 127.0.0.1; close it in the end. */
export async function startPracticeServer(options: PracticeOptions): Promise<PracticeServer> {
  const server = new PracticeServer(options);
  try {
    await server.listen(options.port ?? 0);
  } catch (error) {
    await server.close();
    throw error;
  }
  return server;
}
