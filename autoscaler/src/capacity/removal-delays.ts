/** What holds back the removal of nodes, so that a short dip does not cost a boot. Milliseconds. */
export interface RemovalDelays {
  /** A node must have been empty for so long. */
  readonly emptyForMs: number;
  /** A pool is not made smaller within this time after it was last changed. */
  readonly lowerPaceMs: number;
}

/**
 * The delays where a part of the builds is announced a boot before they come: how long a dip lasts is known for that part, and an empty
 * node that would be needed again is kept by the forecast.
 *
 * @param announcedShare 0 to 1
 */
export const delaysBeside = <Rules extends RemovalDelays>(rules: Rules, announcedShare: number): Rules => ({
  ...rules,
  emptyForMs: rules.emptyForMs * (1 - announcedShare),
  lowerPaceMs: rules.lowerPaceMs * (1 - announcedShare),
});
