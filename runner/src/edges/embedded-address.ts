import { BlockList } from 'node:net';

/** Bytes of an IPv6 address that are an IPv4 address. */
type Bytes = readonly [number, number, number, number];

const LAST: Bytes = [12, 13, 14, 15];
/** Prefixes whose addresses contain an IPv4 address, and where. */
const EMBEDDINGS: readonly (readonly [net: string, prefix: number, at: readonly Bytes[]])[] = [
  // Compatible, mapped and translated.
  ['::', 96, [LAST]],
  ['::ffff:0:0', 96, [LAST]],
  ['::ffff:0:0:0', 96, [LAST]],
  // NAT64: the well-known prefix, and that for local use, in which an operator may choose any of four lengths (RFC 6052).
  ['64:ff9b::', 96, [LAST]],
  ['64:ff9b:1::', 48, [LAST, [6, 7, 9, 10], [7, 9, 10, 11], [9, 10, 11, 12]]],
  // 6to4.
  ['2002::', 16, [[2, 3, 4, 5]]],
];
const RANGES = EMBEDDINGS.map(([net, prefix, at]) => {
  const list = new BlockList();
  list.addSubnet(net, prefix, 'ipv6');
  return { list, at };
});

/** The one spelling of an IPv6 address without brackets and zone. Pure. */
export function spelledIpv6(ipv6: string): string {
  return new URL(`http://[${ipv6}]`).hostname.slice(1, -1);
}

function bytesOf(ipv6: string): readonly number[] {
  const [left = [], right = []] = spelledIpv6(ipv6)
    .split('::')
    .map((part) => part.split(':').filter(Boolean));
  const zeros = Array.from({ length: 8 - left.length - right.length }, () => '0');
  return [...left, ...zeros, ...right].flatMap((group) => {
    const value = Number.parseInt(group, 16);
    return [value >> 8, value & 0xff];
  });
}

/**
 * IPv4 addresses to which a connection to this IPv6 address may lead; empty if it contains none. Pure.
 *
 * @param ipv6 without brackets and zone
 */
export function embeddedIpv4(ipv6: string): readonly string[] {
  const bytes = bytesOf(ipv6);
  // In the range of compatible addresses, but the loopback address.
  if (bytes.join('') === '0000000000000001') return ['127.0.0.1'];
  const found = RANGES.find(({ list }) => list.check(ipv6, 'ipv6'));
  return (found?.at ?? []).map((at) => at.map((nth) => bytes[nth]).join('.'));
}
