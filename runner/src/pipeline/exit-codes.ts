/** Exit codes of steps that mean more than "failed". */

/** The step ends the pipeline early, and well. */
export const EARLY_SUCCESS = 78;
/** The step exceeded its own `timeout`, or a service was not ready in time. */
export const TIMED_OUT = 124;
/** The step was killed, by a cancel or for its memory. */
export const KILLED = 137;
/** What Drone shows for a step or stage that the runner or the cluster failed. */
export const INFRASTRUCTURE = 255;
