/** A node of the played world; the world writes it, policies read it. */
export interface SimNode {
  readonly id: number;
  readonly orderedAt: number;
  state: 'booting' | 'ready' | 'gone';
  /** The scheduler's row; -1 before it is ready. */
  slot: number;
  pods: number;
  /** Since when it holds no build; counts only while `pods` is 0. */
  emptySince: number;
  firstBindAt: number | undefined;
  softTainted: boolean;
}
