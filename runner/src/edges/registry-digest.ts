import { hash } from 'node:crypto';

/** The registered algorithms of OCI digests, with the number of their hexadecimal digits. */
const DIGITS: Readonly<Record<string, number>> = { sha256: 64, sha512: 128 };

/** Algorithm of a digest; undefined if it isn't one that can be computed. Pure. */
export function algorithmOf(digest: string): string | undefined {
  const [, algorithm = '', hex = ''] = /^(sha256|sha512):([0-9a-f]+)$/.exec(digest) ?? [];
  return hex.length > 0 && DIGITS[algorithm] === hex.length ? algorithm : undefined;
}

/** Whether the content has that digest. Pure. */
export function hasDigest(content: Buffer, digest: string): boolean {
  const algorithm = algorithmOf(digest);
  return algorithm !== undefined && digest === `${algorithm}:${hash(algorithm, content)}`;
}
