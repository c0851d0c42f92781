/** Names under which Hangar marks objects of Kubernetes, where more than one part of it goes by them. */

/** The label of everything that the runner makes, and its value. */
export const RUNNER_LABEL = { key: 'app.kubernetes.io/managed-by', value: 'hangar-runner' } as const;

/** The same as a selector. */
export const RUNNER_SELECTOR = `${RUNNER_LABEL.key}=${RUNNER_LABEL.value}`;

/** The taint of a node that builds should rather leave alone: no Pod ever waits for it. */
export const SURPLUS_TAINT = { key: 'hangar.dev/surplus', effect: 'PreferNoSchedule' } as const;

/** On whatever carries it, with any value but `false`, Hangar acts no more; people set it, Hangar never does. */
export const PAUSED_ANNOTATION = 'hangar.dev/paused';
