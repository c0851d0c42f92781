import type { Clock } from '@hangar/shared/clock';
import { PODS } from '../../parts/embedded/api/resources.ts';
import type { EmbeddedNode } from '../../parts/embedded/control/nodes.ts';
import type { InjectedFault } from '../judge/history.ts';
import type { FaultAction } from '../plan/actions.ts';
import type { PlannedFault } from '../plan/plan.ts';
import type { Replica } from './replica.ts';
import type { BuildPod, ChaosSystem } from './system.ts';

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
    if (how === 'expired') this.#system.cluster.faults.expireHistory();
    kubernetes.setWatchEffect(how);
    if (how !== 'late' && how !== 'reordered') {
      kubernetes.setWatchEffect(undefined);
      return name;
    }
    await this.#clock.sleep(lastsMs);
    kubernetes.setWatchEffect(undefined);
    return `${name}, ${lastsMs} ms`;
  }

  async #pod({ by, pick }: Of<'pod'>): Promise<Done> {
    const pod = await this.#somePod(pick);
    if (!pod) return undefined;
    const { cluster } = this.#system;
    this.#builds.destroyed(pod.buildId);
    if (by === 'eviction') cluster.evict(pod);
    else if (by === 'removal') cluster.removePod(pod);
    else cluster.api.delete({ resource: PODS, namespace: pod.namespace, name: pod.name });
    return `${pod.name} of build ${pod.buildId}`;
  }

  async #node({ by, pick, lastsMs }: Of<'node'>): Promise<Done> {
    const { nodes } = this.#system;
    const pod = await this.#somePod(pick);
    const node = nodes.find(({ name }) => name === pod?.node);
    if (!node || this.#awayNodes.has(node.name)) return undefined;
    this.#awayNodes.add(node.name);
    const what = await (by === 'silence' ? this.#silenceNode(node, lastsMs) : this.#loseNode(node, lastsMs));
    this.#awayNodes.delete(node.name);
    return what;
  }

  async #silenceNode({ name }: EmbeddedNode, lastsMs: number): Promise<string> {
    const { cluster } = this.#system;
    cluster.setNodeReady(name, false);
    await this.#clock.sleep(lastsMs);
    cluster.setNodeReady(name, true);
    return `${name}, ${lastsMs} ms`;
  }

  /** A new machine with the same name replaces it. */
  async #loseNode(node: EmbeddedNode, lastsMs: number): Promise<string> {
    const { cluster } = this.#system;
    const lost = this.#system.pods().filter((one) => one.node === node.name);
    for (const { buildId } of lost) this.#builds.destroyed(buildId);
    cluster.loseNode(node.name);
    await this.#clock.sleep(lastsMs);
    cluster.addNode(node);
    cluster.setNodeReady(node.name, true);
    return `${node.name} with ${lost.length} Pods`;
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
      const pods = this.#system.pods().filter(({ node }) => node !== '');
      if (pods.length > 0) return pods[pick % pods.length];
      await this.#clock.sleep(LOOK_MS);
    }
    return undefined;
  }
}
