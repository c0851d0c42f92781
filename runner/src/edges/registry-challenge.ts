/** The authentication that a registry requires. */
export type Challenge =
  | { readonly kind: 'basic' }
  | { readonly kind: 'bearer'; readonly realm: string; readonly service: string; readonly scope: string };

/** Parses a `WWW-Authenticate` header; undefined for unsupported schemes. */
export function parseChallenge(header: string | undefined): Challenge | undefined {
  const [, scheme = '', rest = ''] = /^\s*([A-Za-z]+)\s*(.*)$/s.exec(header ?? '') ?? [];
  if (scheme.toLowerCase() === 'basic') return { kind: 'basic' };
  if (scheme.toLowerCase() !== 'bearer') return undefined;
  const realm = member(rest, 'realm');
  if (!/^https?:/i.test(realm) || !URL.canParse(realm)) return undefined;
  return { kind: 'bearer', realm, service: member(rest, 'service'), scope: member(rest, 'scope') };
}

function member(text: string, name: string): string {
  const [, quoted, bare] = new RegExp(`(?:^|[\\s,])${name}=(?:"([^"]*)"|([^",\\s]+))`, 'i').exec(text) ?? [];
  return quoted ?? bare ?? '';
}
