/** Whose Role the runner has: its own, or that of the previous runner, which only the image was exchanged in. */
export const ROLES = ['hangar', 'previous'] as const;
export type Role = (typeof ROLES)[number];
