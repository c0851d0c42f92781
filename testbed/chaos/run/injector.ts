import type { Clock } from '@hangar/shared/clock';
import type { InjectedFault } from '../judge/history.ts';
import type { FaultAction } from '../plan/actions.ts';
import type { PlannedFault } from '../plan/plan.ts';
import type { BuildPod, ChaosNodes } from './chaos-cluster.ts';
import type { Replica } from './replica.ts';
import type { ChaosSystem } from './system.ts';

/** The open builds, and the events that faults cause in them. */
export interface BuildEvents {
  /** Ids of builds that have not ended. */
  open(): readonly number[];
  cancelled(buildId: number): void;
  destroyed(buildId: number): void;
}

type Of<On extends FaultAction['on']> = Extract<FaultAction, { readonly on: On }>;

/** A description of what was done; undefined: there was no target. */
type Done = string | undefined;

/** Maximum time to wait for a Pod, since there is not one at every moment. */
const PATIENCE_MS = 4_000;
const LOOK_MS = 200;

/** Carries out planned faults. */
export class Injector {
  readonly #clock: Clock;
  readonly #system: ChaosSystem;
  readonly #builds: BuildEvents;
  /** Faults that were injected, in the order of their ends. */
  readonly faults: InjectedFault[] = [];
  readonly #awayNodes = new Set<string>();

  constructor(clock: Clock, system: ChaosSystem, book: BuildEvents) {
    this.#clock = clock;
    this.#system = system;
    this.#builds = book;
  }

  /** Injects one fault; resolves when it is over. */
  async inject({ number, kind, action }: PlannedFault): Promise<void> {
    const fromMs = this.#clock.now();
    const what = await this.#carryOut(action);
    const fault = { number, kind, fromMs, toMs: this.#clock.now(), what: what ?? 'no target' };
    this.faults.push({ ...fault, isDone: what !== undefined });
  }

  #carryOut(action: FaultAction): Promise<Done> {
    switch (action.on) {
      case 'process':
        return this.#process(action);
      case 'connections':
        return this.#connections(action);
      case 'requests':
        return this.#requests(action);
      case 'watches':
        return this.#watches(action);
      case 'clock':
        return this.#shiftClock(action);
      case 'drone':
        this.#system.drone.restart();
        return Promise.resolve('restarted');
      case 'pod':
        return this.#pod(action);
      case 'node':
        return this.#node(action);
      case 'build':
        return this.#cancel(action);
    }
  }

  async #process(action: Of<'process'>): Promise<Done> {
    const replica = this.#replica(action.pick);
    const { name } = replica;
    if (!replica.isRunning) return undefined;
    if (action.by === 'SIGSTOP') {
      await replica.pause(action.lastsMs);
      return `${name} slept ${action.lastsMs} ms`;
    }
    await replica.end(action.by, action.isNewPod);
    return `${name}${action.isNewPod ? ', back under another name' : ''}`;
  }

  async #connections({ server, how, pick, lastsMs }: Of<'connections'>): Promise<Done> {
    const replicas = pick === undefined ? this.#system.replicas : [this.#replica(pick)];
    const endings = replicas.map((one) => one[server].beginOutage(how));
    await this.#clock.sleep(lastsMs);
    for (const end of endings) end();
    return `${how}, ${replicas.map(({ name }) => name).join(', ')}, ${lastsMs} ms`;
  }

  async #requests({ server, effect, of, times, lastsMs }: Of<'requests'>): Promise<Done> {
    const rule = { effect, of, left: times };
    const endings = this.#system.replicas.map((one) => one[server].addRule(rule));
    await this.#clock.sleep(lastsMs);
    for (const end of endings) end();
    const met = times - rule.left;
    return met === 0 ? undefined : `${met} requests (${of}) in ${lastsMs} ms`;
  }

  async #watches({ how, pick, lastsMs }: Of<'watches'>): Promise<Done> {
    const { name, kubernetes } = this.#replica(pick);
    if (how === 'expired') this.#system.cluster.expireHistory();
    kubernetes.setWatchEffect(how);
    if (how !== 'late' && how !== 'reordered') {
      kubernetes.setWatchEffect(undefined);
      return name;
    }
    await this.#clock.sleep(lastsMs);
    kubernetes.setWatchEffect(undefined);
    return `${name}, ${lastsMs} ms`;
  }

  async #shiftClock({ pick, byMs, lastsMs }: Of<'clock'>): Promise<Done> {
    const replica = this.#replica(pick);
    const { name } = replica;
    await replica.shiftClock(byMs, lastsMs);
    return `${name} by ${byMs} ms for ${lastsMs} ms`;
  }

  async #pod({ by, pick }: Of<'pod'>): Promise<Done> {
    const pod = await this.#somePod(pick);
    if (!pod) return undefined;
    this.#builds.destroyed(pod.buildId);
    await this.#system.cluster.destroyPod(pod, by);
    return `${pod.name} of build ${pod.buildId}`;
  }

  async #node({ by, pick, lastsMs }: Of<'node'>): Promise<Done> {
    const { nodes } = this.#system.cluster;
    const node = (await this.#somePod(pick))?.node;
    if (!nodes || node === undefined || this.#awayNodes.has(node)) return undefined;
    this.#awayNodes.add(node);
    const what =
      by === 'silence'
        ? await this.#silenceNode(nodes, node, lastsMs)
        : await this.#loseNode(nodes, node, lastsMs);
    this.#awayNodes.delete(node);
    return what;
  }

  async #silenceNode(nodes: ChaosNodes, node: string, lastsMs: number): Promise<string> {
    nodes.setReady(node, false);
    await this.#clock.sleep(lastsMs);
    nodes.setReady(node, true);
    return `${node}, ${lastsMs} ms`;
  }

  async #loseNode(nodes: ChaosNodes, node: string, lastsMs: number): Promise<string> {
    const lost = this.#system.cluster.pods().filter((one) => one.node === node);
    for (const { buildId } of lost) this.#builds.destroyed(buildId);
    nodes.lose(node);
    await this.#clock.sleep(lastsMs);
    nodes.replace(node);
    return `${node} with ${lost.length} Pods`;
  }

  #cancel({ pick }: Of<'build'>): Promise<Done> {
    const open = this.#builds.open();
    const id = open[pick % Math.max(1, open.length)];
    if (id === undefined || !this.#system.drone.cancel(id)) return Promise.resolve(undefined);
    this.#builds.cancelled(id);
    return Promise.resolve(`build ${id}`);
  }

  #replica(pick: number): Replica {
    const { replicas } = this.#system;
    const found = replicas[pick % replicas.length];
    if (!found) throw new Error('there is no replica');
    return found;
  }

  /** Picks a Pod that is on a node. */
  async #somePod(pick: number): Promise<BuildPod | undefined> {
    for (let waitedMs = 0; waitedMs <= PATIENCE_MS; waitedMs += LOOK_MS) {
      const pods = this.#system.cluster.pods().filter(({ node }) => node !== '');
      if (pods.length > 0) return pods[pick % pods.length];
      await this.#clock.sleep(LOOK_MS);
    }
    return undefined;
  }
}
