/** Builds come in pushes, since one push to a repository starts several Pods at once: of about so many. */
export const PUSH_SIZE = 5;

/** Pods that arrive within this time are one push. */
export const PUSH_SECONDS = 3;
