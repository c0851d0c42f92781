import type { BufferRule } from '@hangar/autoscaler/forecast/buffer-rule';

/** What stood in a buffer over time, as a rule that a replay can play: the same buffer again, whoever set it. */
export class BufferLog implements BufferRule {
  readonly name = 'as it was set';
  readonly #seen: { readonly atSeconds: number; readonly pods: number }[] = [];

  /** @param atMs since 1970, rising @param pods places that are asked for beside builds */
  note(atMs: number, pods: number): void {
    this.#seen.push({ atSeconds: atMs / 1000, pods });
  }

  bufferPods({ nowSeconds }: { readonly nowSeconds: number }): number {
    return this.#seen.findLast(({ atSeconds }) => atSeconds <= nowSeconds)?.pods ?? 0;
  }
}
