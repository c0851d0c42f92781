import { karpenterBufferPolicy } from '@hangar/autoscaler/replay/policies/karpenter';
import type { BufferRule } from '@hangar/autoscaler/forecast/buffer-rule';
import { replay } from '@hangar/autoscaler/replay/replay';
import type { NodeSpec } from '@hangar/autoscaler/capacity/node-spec';
import { parseTrace } from '@hangar/autoscaler/trace/gather';
import { parseCpuMillicores, parseMemoryBytes } from '@hangar/shared/quantity';
import type { V1Node } from '@kubernetes/client-node';
import type { Foretold } from '../../suites/real-flows/replayed.ts';

/** What is played: the text of a trace, on nodes like that one. */
export interface PlayedWorld {
  readonly trace: string;
  readonly node: V1Node | undefined;
  readonly bootSeconds: number;
}

/** What replay says of Karpenter when a buffer is told to it, instead of the rule that it takes Hangar to follow. */
export function replayedWith(buffer: BufferRule, { trace, node, bootSeconds }: PlayedWorld): Foretold {
  const { jobs } = parseTrace(trace);
  return replay({
    jobs,
    node: specOf(node),
    bootSeconds,
    policy: karpenterBufferPolicy(buffer),
    seed: 1,
    countFrom: jobs[0]?.arrivedAt ?? 0,
  });
}

function specOf(node: V1Node | undefined): NodeSpec {
  const { cpu = '', memory = '', pods = '' } = node?.status?.allocatable ?? {};
  const cpuMillicores = parseCpuMillicores(cpu) ?? 0;
  const memoryBytes = parseMemoryBytes(memory) ?? 0;
  return { allocatable: { cpuMillicores, memoryBytes, pods: Number(pods) } };
}
