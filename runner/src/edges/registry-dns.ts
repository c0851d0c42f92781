import { Resolver } from 'node:dns/promises';
import { readFile } from 'node:fs/promises';
import type { LookupFunction } from 'node:net';

/** What a look-up of names reads and asks. */
export interface DnsParts {
  /** Text of a file; empty if there is none. */
  readonly read: (path: string) => Promise<string>;
  /** Addresses of exactly that name. Rejects with the code of the DNS. */
  readonly query: (name: string, family: 4 | 6) => Promise<readonly string[]>;
}

/** Time for the first try, doubled for the second; a look-up of an image may take 3 s in all. */
const TRY_MS = 500;
const TRIES = 2;
const MOST_SEARCHED = 6;
const NO_SUCH_NAME: readonly unknown[] = ['ENOTFOUND', 'ENODATA'];

/**
 * Resolves names that authors chose. The system's own look-up occupies one of four threads, which all connections of this process share, for
 * as long as a name server does not answer. This one asks name servers without a thread, and gives up soon. It reads `/etc/hosts` and the search
 * list as the system does.
 */
export function registryDns(parts: DnsParts = SYSTEM): LookupFunction {
  return (name, _, done) => {
    resolve(name, parts).then(
      (found) =>
        done(
          null,
          found.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
        ),
      (error: unknown) => done(error as NodeJS.ErrnoException, []),
    );
  };
}

async function resolve(name: string, { read, query }: DnsParts): Promise<readonly string[]> {
  const listed = addressesIn(await read('/etc/hosts'), name);
  if (listed.length > 0) return listed;
  for (const candidate of candidatesOf(name, await read('/etc/resolv.conf'))) {
    const answers = await Promise.allSettled([query(candidate, 4), query(candidate, 6)]);
    const found = answers.flatMap((one) => (one.status === 'fulfilled' ? one.value : []));
    if (found.length > 0) return found;
    const failed = answers.find((one) => one.status === 'rejected' && !isAbsent(one.reason));
    if (failed?.status === 'rejected') throw failed.reason;
  }
  throw Object.assign(new Error(`no address of ${name}`), { code: 'ENOTFOUND' });
}

const isAbsent = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && NO_SUCH_NAME.includes(error.code);

/** Addresses of a name in the text of a hosts file. Pure. */
export function addressesIn(hosts: string, name: string): readonly string[] {
  const wanted = name.toLowerCase().replace(/\.$/, '');
  return hosts.split('\n').flatMap((line) => {
    const [address = '', ...names] = line.replace(/#.*/, '').trim().split(/\s+/);
    return names.some((one) => one.toLowerCase() === wanted) ? [address] : [];
  });
}

/** Full names for which a name may stand, in the order of the system: `search` and `ndots` of resolv.conf. Pure. */
export function candidatesOf(name: string, resolvConf: string): readonly string[] {
  if (name.endsWith('.')) return [name];
  const lines = resolvConf.split('\n').map((line) =>
    line
      .replace(/[#;].*/, '')
      .trim()
      .split(/\s+/),
  );
  const search = lines.findLast(([key]) => key === 'search' || key === 'domain')?.slice(1) ?? [];
  const options = lines.filter(([key]) => key === 'options').flat();
  const ndots = Number(options.findLast((one) => /^ndots:\d+$/.test(one))?.slice('ndots:'.length) ?? 1);
  const searched = search
    .map((domain) => `${name}.${domain.replace(/^\.+|\.+$/g, '')}.`.replace(/\.+$/, '.'))
    .slice(0, MOST_SEARCHED);
  const own = `${name}.`;
  return name.split('.').length - 1 >= ndots ? [own, ...searched] : [...searched, own];
}

/** Asks the name servers of the system. @param servers others, for tests */
export function nameServers(how: {
  readonly tryMs: number;
  readonly tries: number;
  readonly servers?: readonly string[];
}): DnsParts['query'] {
  return async (name, family) => {
    // One for each question reads the system's list of servers again, and is gone with its sockets.
    const resolver = new Resolver({ timeout: how.tryMs, tries: how.tries });
    if (how.servers) resolver.setServers(how.servers);
    const bare = name.replace(/\.$/, '');
    return family === 4 ? resolver.resolve4(bare) : resolver.resolve6(bare);
  };
}

const SYSTEM: DnsParts = {
  read: (path) => readFile(path, 'utf8').catch(() => ''),
  query: nameServers({ tryMs: TRY_MS, tries: TRIES }),
};
