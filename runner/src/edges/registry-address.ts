import { BlockList, isIP, type LookupFunction } from 'node:net';
import { METADATA_ADDRESSES } from '@hangar/shared/contract/metadata-addresses';
import { buildConnector } from 'undici';
import { embeddedIpv4, spelledIpv6 } from './embedded-address.ts';
import { registryDns } from './registry-dns.ts';

/** What an address of a registry is to the runner. */
export type AddressKind = 'public' | 'private' | 'forbidden';

/** An address that may not be connected to. The message is for the runner's log, never for the author of a pipeline. */
export class AddressRefused extends Error {
  override readonly name = 'AddressRefused';
}

/** Addresses that are no destination. */
const NOWHERE: readonly string[] = ['0.0.0.0/8', '224.0.0.0/3', 'ff00::/8'];
/** Where clouds answer for their metadata, also at addresses to come; link-local ones, and Teredo, which hides an address in another. */
const FORBIDDEN: readonly string[] = [
  ...METADATA_ADDRESSES,
  '169.254.0.0/16',
  '2001::/32',
  'fd00:ec2::/32',
  'fe80::/10',
];
/** Addresses of the own machine and of private networks. */
const PRIVATE: readonly string[] = [
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '64:ff9b::/32',
  'fc00::/7',
  'fec0::/10',
];

const familyOf = (address: string): 'ipv4' | 'ipv6' => (isIP(address) === 6 ? 'ipv6' : 'ipv4');

function listOf(ranges: readonly string[]): BlockList {
  const list = new BlockList();
  for (const range of ranges) {
    const [net = '', prefix] = range.split('/');
    list.addSubnet(net, Number(prefix), familyOf(net));
  }
  return list;
}

const NOWHERE_LIST = listOf(NOWHERE);
const FORBIDDEN_LIST = listOf(FORBIDDEN);
const PRIVATE_LIST = listOf(PRIVATE);

const unbracketed = (host: string): string => host.replace(/^\[|\]$/g, '').replace(/%.*$/, '');

/** The addresses to which a connection to this one may lead: those that an IPv6 address contains, in place of that. */
function destinationsOf(address: string): readonly string[] {
  const inner = isIP(address) === 6 ? embeddedIpv4(address) : [];
  const own = isIP(address) === 6 ? [spelledIpv6(address)] : [address].filter(isIP);
  return (inner.length > 0 ? inner : own).filter((one) => !NOWHERE_LIST.check(one, familyOf(one)));
}

/** Whether any of the addresses is that of a host. */
function areAt(addresses: readonly string[], host: string): boolean {
  return destinationsOf(unbracketed(host)).some((one) => addresses.includes(one));
}

/** `host:port` of a server, also where its URL leaves the port out. Pure. */
export function hostAndPort(url: string): string {
  const { hostname, port, protocol } = new URL(url);
  return `${hostname}:${port || (protocol === 'https:' ? '443' : '80')}`;
}

/**
 * Kind of an IP address. An IPv6 address that contains an IPv4 address counts as that. Pure.
 *
 * @param apiServer host and port of the Kubernetes API server
 */
export function kindOf(address: string, port: string, apiServer: string): AddressKind {
  const all = destinationsOf(unbracketed(address));
  const [, server = '', serverPort] = /^(.*):(\d+)$/.exec(apiServer) ?? [];
  const isApiServer = (port || '443') === serverPort && areAt(all, server);
  const isIn = (list: BlockList): boolean => all.some((one) => list.check(one, familyOf(one)));
  if (all.length === 0 || isApiServer || isIn(FORBIDDEN_LIST)) return 'forbidden';
  return isIn(PRIVATE_LIST) ? 'private' : 'public';
}

/** Whether an operator's list names that registry: `*`, a host, `host:port`, or `*.domain`. Pure. */
export function isNamed(host: string, names: readonly string[]): boolean {
  const bare = host.replace(/:\d+$/, '');
  return names.some(
    (name) =>
      name === '*' ||
      name === host ||
      name === bare ||
      (name.startsWith('*.') && bare.endsWith(name.slice(1))),
  );
}

/** Which addresses connections may go to. */
export interface AddressRule {
  /** Host and port of the Kubernetes API server. */
  readonly apiServer: string;
  readonly arePrivateAllowed: boolean;
  /** Called with the kind of each address of a host. */
  readonly seen: (host: string, kind: AddressKind) => void;
}

/**
 * Checks a host that is an IP address, or that of the API server; other names are checked when they are resolved.
 *
 * @throws {AddressRefused}
 */
export function assertAllowed(
  hostname: string,
  port: string,
  rule: Pick<AddressRule, 'apiServer' | 'arePrivateAllowed'>,
): void {
  const isServer = `${hostname}:${port || '443'}` === rule.apiServer;
  const kind = isIP(unbracketed(hostname)) === 0 ? 'public' : kindOf(hostname, port, rule.apiServer);
  if (isServer || !isAllowed(kind, rule)) throw refused(hostname);
}

const isAllowed = (kind: AddressKind, rule: Pick<AddressRule, 'arePrivateAllowed'>): boolean =>
  kind === 'public' || (kind === 'private' && rule.arePrivateAllowed);

/**
 * Connects only to addresses that the rule allows: a name is resolved once, each of its addresses is checked, and the connection goes to one
 * that passed, so that a second answer of the DNS changes nothing.
 */
export function checkedConnector(
  rule: AddressRule,
  tls: { readonly allowH2: false; readonly rejectUnauthorized: boolean },
  resolve: LookupFunction = registryDns(),
): buildConnector.connector {
  return (options, callback) => {
    const { hostname, port } = options;
    const passes = (address: string): boolean => {
      const kind = kindOf(address, port, rule.apiServer);
      rule.seen(hostname, kind);
      return isAllowed(kind, rule);
    };
    const host = unbracketed(hostname);
    if (isIP(host) !== 0 && !passes(host)) return callback(refused(hostname), null);
    const lookup: LookupFunction = (name, how, done) =>
      resolve(name, { ...how, all: true }, (error, found) => {
        if (error) return done(error, '', 0);
        const all = Array.isArray(found) ? found : [{ address: found, family: isIP(found) }];
        const allowed = all.filter(({ address }) => passes(address));
        const [first] = allowed;
        if (!first) return done(refused(name), '', 0);
        return how.all ? done(null, allowed) : done(null, first.address, first.family);
      });
    return buildConnector({ ...tls, lookup })(options, callback);
  };
}

const refused = (host: string): AddressRefused =>
  new AddressRefused(
    `${host} has no address that image look-ups are allowed to use: link-local and metadata addresses and the Kubernetes API server are never allowed; private and loopback addresses require the registry in HANGAR_PRIVATE_REGISTRIES, HANGAR_REGISTRY_MIRRORS, HANGAR_REGISTRY_PLAIN_HTTP or DRONE_DOCKER_CONFIG`,
  );
