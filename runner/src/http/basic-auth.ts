import { createHash, timingSafeEqual } from 'node:crypto';

/** The one pair that opens the dashboard (`DRONE_UI_*`). */
export interface Credentials {
  readonly user: string;
  readonly password: string;
  readonly realm: string;
}

/** Does this `Authorization` header carry that pair? Takes the same time whatever is wrong with it. */
export function mayEnter(header: string | undefined, { user, password }: Credentials): boolean {
  const [, encoded = ''] = /^basic +([a-z0-9+/=]+)$/i.exec(header?.trim() ?? '') ?? [];
  const given = Buffer.from(encoded, 'base64').toString('utf8');
  const colon = given.indexOf(':');
  const sameUser = same(given.slice(0, Math.max(0, colon)), user);
  const samePassword = same(given.slice(colon + 1), password);
  return colon >= 0 && sameUser && samePassword;
}

/** Does this `Authorization` header carry that bearer token? */
export const hasToken = (header: string | undefined, token: string): boolean =>
  same(/^bearer +(.+)$/i.exec(header?.trim() ?? '')?.[1] ?? '', token);

/** What a browser is asked with. */
export function challenge({ realm }: Credentials): string {
  return `Basic realm="${realm.replace(/["\\]/g, '\\$&').replace(/[^\x20-\x7e]/g, '?')}", charset="UTF-8"`;
}

const same = (a: string, b: string): boolean => timingSafeEqual(digest(a), digest(b));
const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
