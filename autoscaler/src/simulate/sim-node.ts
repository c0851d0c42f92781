/** A node of the simulated cluster; the simulation writes it, policies read it. */
export interface SimNode {
  readonly id: number;
  readonly orderedAt: number;
  state: 'booting' | 'ready' | 'gone';
  /** The row of the scheduler's table; -1 before it is ready. */
  slot: number;
  pods: number;
  /** When its last build ended; valid only while `pods` is 0. */
  emptySince: number;
  firstBindAt: number | undefined;
  softTainted: boolean;
}
