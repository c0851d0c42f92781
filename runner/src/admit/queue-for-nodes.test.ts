import { describe, expect, it } from 'vitest';
import { AdmissionQueue } from './admission-queue.ts';
import { type Load, NO_LOAD, plus } from './admit.ts';
import type { BuildNode } from './build-node.ts';
import { lookAtNodes, type NodeWish } from './node-budget.ts';
import { aNode } from './testing/a-node.ts';

const never = new AbortController().signal;
const ARM = { nodeSelector: { 'kubernetes.io/arch': 'arm64' } };
const arm = aNode('arm-1', { labels: ARM.nodeSelector });
const OPEN = { pods: undefined, memoryBytes: undefined };

/** A queue whose admitted stages have no node yet. */
function begin(nodes: readonly BuildNode[], limits = { pipelines: 100, cpuMillicores: 100_000 }) {
  const running = new Map<string, NodeWish>();
  const taken = (): Load => [...running.values()].map(({ asks }) => asks).reduce(plus, NO_LOAD);
  const view = { nodes, everSeen: nodes };
  const look = () => lookAtNodes(view, { bound: [], pending: [...running.values()] });
  const queue = new AdmissionQueue(taken, { ...OPEN, ...limits }, { nodes: { look } });
  const said = new Map<string, string>();
  const enter = (name: string, cpu: number, placement: NodeWish['placement'] = {}): Promise<string> => {
    const asks = { pipelines: 1, pods: 1, cpuMillicores: cpu * 1_000, memoryBytes: 0 };
    const stage = { stageId: 1, repo: name.replace(/\d/, ''), event: 'push', asks, placement };
    const waits = ({ reason }: { reason: string }): void => void said.set(name, reason);
    const admitted = (): void => void running.set(name, { asks, placement });
    return queue.enter({ ...stage, waits, admitted }, never).then(({ kind }) => kind);
  };
  const end = (name: string): void => {
    running.delete(name);
    queue.next();
  };
  return { enter, end, said, isRunning: () => [...running.keys()] };
}

describe('a queue in front of nodes', () => {
  it('lets in what single nodes hold, and the next when somebody leaves', () => {
    const { enter, end, said, isRunning } = begin([aNode('n1'), aNode('n2')]);
    for (const name of ['a1', 'b1', 'c1']) void enter(name, 3);
    expect([isRunning(), said.get('c1')]).toEqual([['a1', 'b1'], 'budget-nodes']);
    end('a1');
    expect(isRunning()).toEqual(['b1', 'c1']);
  });

  it('does not let a small one overtake a large one on the way to the same nodes', () => {
    const { enter, end, isRunning } = begin([aNode('n1')]);
    void enter('running', 2);
    void enter('large', 3);
    void enter('small', 1);
    expect(isRunning()).toEqual(['running']);
    end('running');
    expect(isRunning()).toEqual(['large', 'small']);
  });

  it('lets those pass that go to other nodes, and no more of them than fit there', () => {
    const { enter, said, isRunning } = begin([aNode('n1'), arm]);
    void enter('running', 4, ARM);
    void enter('arm', 1, ARM);
    for (const name of ['a1', 'b1', 'c1'])
      void enter(name, 2, { nodeSelector: { 'kubernetes.io/arch': 'amd64' } });
    expect(isRunning()).toEqual(['running']);
    for (const name of ['d1', 'e1', 'f1']) void enter(name, 2);
    expect(isRunning()).toEqual(['running', 'd1', 'e1']);
    expect(said.get('f1')).toBe('budget-nodes');
  });

  it('lets everybody pass a stage that no node suits now', () => {
    const { enter, isRunning } = begin([aNode('n1')]);
    void enter('arm', 1, ARM);
    void enter('any', 4);
    expect(isRunning()).toEqual(['any']);
  });

  it('refuses what no node can hold, whatever waits before it', async () => {
    const { enter, isRunning } = begin([aNode('n1')]);
    void enter('running', 4);
    void enter('waits', 1);
    expect(await enter('huge', 5)).toBe('refused');
    expect(isRunning()).toEqual(['running']);
  });

  it('lets nobody pass who waits for the budget, whatever nodes there are', () => {
    const { enter, said, isRunning } = begin([aNode('n1'), arm], { pipelines: 100, cpuMillicores: 5_000 });
    void enter('running', 3);
    void enter('large', 4);
    void enter('small', 1, ARM);
    expect(isRunning()).toEqual(['running']);
    expect([said.get('large'), said.get('small')]).toEqual(['budget-cpu', 'queue']);
  });
});
