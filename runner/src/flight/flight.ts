import type { Clock } from '@hangar/shared/clock';
import { type Cluster, RESOURCE } from '@hangar/shared/kubernetes/cluster';
import type { Logger } from '@hangar/shared/logger';
import type { V1Pod } from '@kubernetes/client-node';
import { removePod } from '../cleanup/remove-pod.ts';
import { ANNOTATION } from '../pipeline/compiled.ts';
import type { RunPlan } from '../pipeline/run-plan.ts';
import type { StepLog, StepLogs } from '../ports/step-logs.ts';
import type { Reporter } from '../report/reporter.ts';
import { observe, type PodView } from '../watch/observe.ts';
import type { PodFeed } from '../watch/pod-watch.ts';
import { type Patience, type Since, type Trouble, troubledSince, troubleOf } from '../watch/trouble.ts';
import { Beacon } from './beacon.ts';
import type { FlightEvents } from './flight-events.ts';
import { type Conclusion, concluded, isFinal, newStage, type StageState } from './stage-state.ts';
import { StepFlights } from './step-flights.ts';

/** What a flight works with. */
export interface FlightParts {
  readonly clock: Clock;
  readonly cluster: Cluster;
  readonly stepLogs: StepLogs;
  readonly log: Logger;
  readonly events: FlightEvents;
  readonly patience: Patience;
}

/** One launched stage. */
export interface FlightOrder {
  readonly plan: RunPlan;
  readonly pod: V1Pod;
  readonly masks: Readonly<Record<number, readonly string[]>>;
  /** Said at the head of the first step's log. */
  readonly notes: readonly string[];
  /** When the repository's timeout began to count, milliseconds since 1970. */
  readonly admittedMs: number;
  /** Another replica began it: versions of steps are unknown, and what it told is told again. */
  readonly adopted: boolean;
  /** When this process took it in hand, milliseconds since 1970. */
  readonly takenOverMs: number;
  /** The server knows the end: the stage's place is free, though its Pod may take a while to go. */
  reported(): void;
  /** As the Pod's annotation names this replica. */
  readonly owner: string;
  /** The first step's log, when it was opened before the flight. */
  readonly firstLog?: StepLog;
}

/** What may end a flight from outside. */
export interface FlightStops {
  /** The build was cancelled. */
  readonly cancelled: AbortSignal;
  /** This process goes (or lost its Lease): leave everything to who comes next. */
  readonly handOver: AbortSignal;
}

/** How it ended; the Pod is being removed, but for a hand-over. */
export type FlightEnd =
  | { readonly kind: 'handed-over' }
  | {
      readonly kind: 'landed';
      readonly conclusion: Conclusion;
      readonly trouble: Trouble | undefined;
      readonly state: StageState;
    };

/** The lives of all steps: of those that count, and of services and detached ones. */
interface Flying {
  readonly ordinary: Promise<void>;
  readonly background: Promise<void>;
}

/** After the last mark, the kubelet's own word on the containers is awaited this long (its relist takes a second). */
const CONFIRMATION_MS = 3_000;
/** Background steps stop by themselves when the last step ended; their last lines are awaited this long before the Pod goes. */
const BACKGROUND_MS = 1_000;
/** The Pod of a completed pipeline is given this long to end by itself. */
const QUIET_MS = 120_000;
/** Logs of stopped steps may take this long, then they are cut. */
const LAST_LINES_MS = 10_000;
/** A cancelled step's program is given this long between TERM and KILL. */
const CANCEL_GRACE_SECONDS = 10;

/**
 * Watches over one stage from the moment its Pod may be scheduled until the server knows how it ended and the Pod is on its way
 * out. It holds no truth of its own: the Pod's status and the gates' marks do, so that another replica can take over at any point.
 */
export class Flight {
  readonly #parts: FlightParts;
  readonly #order: FlightOrder;
  readonly #feed: PodFeed;
  readonly #reporter: Reporter;
  readonly #beacon = new Beacon();
  readonly #halt = new AbortController();
  readonly #disowned = new AbortController();
  readonly #steps: StepFlights;
  #state: StageState;
  #view: PodView;
  #since: Since = new Map();
  #removing = false;
  #left = false;
  #concludedMs = Number.POSITIVE_INFINITY;
  #trouble: Trouble | undefined;
  #conclusion: Conclusion | undefined;

  constructor(parts: FlightParts, order: FlightOrder, by: { feed: PodFeed; reporter: Reporter }) {
    this.#parts = parts;
    this.#order = order;
    this.#feed = by.feed;
    this.#reporter = by.reporter;
    this.#state = newStage(order.plan);
    this.#view = observe(order.pod, order.plan);
    this.#steps = new StepFlights(parts, order, {
      beacon: this.#beacon,
      reporter: by.reporter,
      halt: this.#halt.signal,
      state: () => this.#state,
      view: () => this.#view,
      pod: () => this.#feed.pod ?? order.pod,
      gone: () => this.#feed.gone,
      concluded: () => this.#conclusion !== undefined,
      concludedMs: () => this.#concludedMs,
      left: () => this.#left,
      change: (next) => this.#change(next),
      conflict: () => void this.#conflict(),
      broken: (trouble) => this.#break(trouble),
    });
  }

  /** From here to the end; never rejects for what a pipeline or a cluster does. */
  async run(given: FlightStops): Promise<FlightEnd> {
    const stops = { ...given, handOver: AbortSignal.any([given.handOver, this.#disowned.signal]) };
    const release = this.#listen(stops);
    try {
      this.#look();
      const flying = this.#steps.flyAll();
      void flying.ordinary.then(() => this.#confirm()).then(() => this.#conclude({ kind: 'completed' }));
      await this.#beacon.until(() => this.#conclusion !== undefined, stops.handOver);
      const end = await this.#land(flying, stops);
      this.#left = end.kind === 'handed-over';
      return end;
    } finally {
      release();
      this.#halt.abort(new Error('the flight is over'));
    }
  }

  /** A lock conflict is a cancel only if the Pod is still ours: another replica's reports make conflicts too. */
  async #conflict(): Promise<void> {
    const { namespace = 'default', name = '' } = this.#order.pod.metadata ?? {};
    const pod = await this.#parts.cluster
      .get<V1Pod>({ resource: RESOURCE.pods, namespace, name }, this.#halt.signal)
      .catch(() => undefined);
    const owner = pod?.metadata?.annotations?.[ANNOTATION.owner];
    if (owner === undefined || owner === this.#order.owner) return this.#conclude({ kind: 'cancelled' });
    this.#parts.log.warn({ owner }, 'another replica has taken over this pipeline');
    this.#disowned.abort(new Error('another replica has taken over'));
  }

  #listen(stops: FlightStops): () => void {
    const { clock } = this.#parts;
    const { plan, admittedMs } = this.#order;
    const unsubscribe = this.#feed.subscribe(() => this.#look());
    const cancel = (): void => this.#conclude({ kind: 'cancelled' });
    if (stops.cancelled.aborted) cancel();
    stops.cancelled.addEventListener('abort', cancel, { once: true });
    const leftMs = admittedMs + plan.timeoutMs - clock.now();
    const stopTimer = clock.after(Math.max(0, leftMs), () => this.#conclude({ kind: 'timed-out' }));
    // Patience is measured in seconds: a look now and then sees what no event tells.
    let stopLook = (): void => undefined;
    const lookAgain = (): void => {
      this.#look();
      stopLook = clock.after(1_000, lookAgain);
    };
    stopLook = clock.after(1_000, lookAgain);
    return () => {
      unsubscribe();
      stops.cancelled.removeEventListener('abort', cancel);
      stopTimer();
      stopLook();
    };
  }

  /** Takes in the Pod as it is now. */
  #look(): void {
    const { clock, patience } = this.#parts;
    const { plan } = this.#order;
    if (this.#feed.pod) this.#view = observe(this.#feed.pod, plan);
    this.#since = troubledSince(this.#since, this.#view, clock.now());
    this.#steps.look();
    const look = { since: this.#since, nowMs: clock.now(), patience, ours: this.#removing };
    const trouble = this.#feed.gone ? this.#whyGone() : troubleOf(this.#view, plan, look);
    if (trouble && !this.#allEnded()) this.#break(trouble);
    this.#beacon.flash();
  }

  #whyGone(): Trouble | undefined {
    if (this.#removing) return undefined;
    return {
      code: 'pod-deleted',
      blame: 'cluster',
      text: 'the Pod of this pipeline disappeared: somebody or something deleted it',
    };
  }

  #allEnded(): boolean {
    return this.#order.plan.steps.every((step) => step.role === 'background' || isFinal(this.#state, step.n));
  }

  #change(next: StageState): void {
    this.#state = next;
    this.#beacon.flash();
  }

  #break(trouble: Trouble): void {
    this.#trouble ??= trouble;
    if (trouble.code === 'deadline-exceeded') this.#conclude({ kind: 'timed-out' });
    else this.#conclude({ kind: 'broken', text: trouble.text, step: trouble.step });
  }

  /** The first word counts. */
  #conclude(conclusion: Conclusion): void {
    if (this.#conclusion) return;
    this.#conclusion = conclusion;
    this.#concludedMs = this.#parts.clock.now();
    this.#beacon.flash();
  }

  /** The kubelet's word on every gated container, unless it is late: what a mark said can be checked against it. */
  async #confirm(): Promise<void> {
    const late = AbortSignal.any([this.#halt.signal, this.#lateSignal(CONFIRMATION_MS)]);
    await this.#beacon.until(() => this.#feed.gone || this.#steps.confirmed(), late);
  }

  async #land(flying: Flying, stops: FlightStops): Promise<FlightEnd> {
    const conclusion = this.#conclusion;
    if (!conclusion) return { kind: 'handed-over' };
    const everything = Promise.all([flying.ordinary, flying.background]);
    if (conclusion.kind === 'completed') await this.#atMost(flying.background, BACKGROUND_MS);
    else {
      void this.#remove(CANCEL_GRACE_SECONDS);
      await this.#atMost(everything, LAST_LINES_MS);
    }
    if (stops.handOver.aborted) return { kind: 'handed-over' };
    this.#state = concluded(this.#state, this.#order.plan, conclusion, this.#parts.clock.now());
    await this.#report(conclusion, stops.handOver);
    if (stops.handOver.aborted) return { kind: 'handed-over' };
    this.#order.reported();
    if (conclusion.kind === 'completed') await this.#removeWhenQuiet(stops.handOver);
    await this.#atMost(everything, LAST_LINES_MS);
    return { kind: 'landed', conclusion, trouble: this.#trouble, state: this.#state };
  }

  /** Killing hundreds of containers that are just ending by themselves can choke containerd's shim for minutes (measured). */
  async #removeWhenQuiet(handOver: AbortSignal): Promise<void> {
    const { plan } = this.#order;
    const ends = plan.steps.every((step) => step.engine === 'gate' && !step.pid1);
    const quiet = (): boolean =>
      this.#feed.gone || [...this.#view.steps.values()].every((one) => one.kind === 'ended');
    if (ends) await this.#beacon.until(quiet, AbortSignal.any([handOver, this.#lateSignal(QUIET_MS)]));
    // Whoever takes over finds a Pod whose steps have all ended, and removes it.
    if (!handOver.aborted) void this.#remove(undefined);
  }

  async #report(conclusion: Conclusion, signal: AbortSignal): Promise<void> {
    await this.#steps.reportUnknown(this.#state, signal);
    const reported = await this.#reporter.finish(this.#state, conclusion, signal);
    this.#parts.log.info({ conclusion: conclusion.kind, reported }, 'the stage has ended');
    this.#parts.events.concluded(conclusion, this.#trouble);
  }

  async #remove(graceSeconds: number | undefined): Promise<void> {
    this.#removing = true;
    await removePod(this.#parts, this.#order.pod, graceSeconds);
  }

  async #atMost(work: Promise<unknown>, limitMs: number): Promise<void> {
    const limit = new AbortController();
    await Promise.race([work, this.#parts.clock.sleep(limitMs, limit.signal)]);
    limit.abort();
  }

  #lateSignal(ms: number): AbortSignal {
    const late = new AbortController();
    this.#parts.clock.after(ms, () => late.abort(new Error('late')));
    return late.signal;
  }
}
