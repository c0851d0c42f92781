import { subscribe, unsubscribe } from 'node:diagnostics_channel';

interface App {
  addHook(
    name: 'onRoute',
    hook: (route: { readonly method: string | readonly string[]; readonly url: string }) => void,
  ): unknown;
}

/** Fastify announces each new app here, before it has routes. */
const CHANNEL = 'fastify.initialization';

/** The paths with GET of the Fastify app that `create` makes, sorted. */
export function routesOf(create: () => unknown): readonly string[] {
  const paths = new Set<string>();
  const follow = (message: unknown): void => {
    const { fastify } = message as { readonly fastify: App };
    fastify.addHook('onRoute', ({ method, url }) => {
      if ([method].flat().includes('GET')) paths.add(url);
    });
  };
  subscribe(CHANNEL, follow);
  try {
    create();
  } finally {
    unsubscribe(CHANNEL, follow);
  }
  return [...paths].sort();
}
