/** How the request of a Pod is computed: `HANGAR_RESOURCES`. */
export const RESOURCE_MODES = ['split', 'peak', 'steps'] as const;
export type ResourceMode = (typeof RESOURCE_MODES)[number];
