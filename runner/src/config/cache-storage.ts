import type { ValueKind } from '@hangar/shared/config-values';
import type { CacheSettings } from '../compile/settings.ts';

type CacheStorage = CacheSettings['storage'];

const CLAIM = 'claim:';
/** A DNS subdomain, as names of objects are. */
const CLAIM_NAME = /^(?=.{1,253}$)[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;

function readStorage(text: string): CacheStorage | undefined {
  if (text.startsWith(CLAIM)) {
    const claimName = text.slice(CLAIM.length);
    return CLAIM_NAME.test(claimName) ? { kind: 'claim', claimName } : undefined;
  }
  const isPath = text.length > 1 && text.startsWith('/') && !text.split('/').includes('..');
  return isPath ? { kind: 'host', path: text } : undefined;
}

/** Where caches are kept. */
export const CACHE_STORAGE: ValueKind<CacheStorage> = {
  type: '`claim:NAME`, or an absolute path without `..`',
  read: (text) => {
    const storage = readStorage(text.trim());
    return storage === undefined ? { wrong: 'is neither a claim nor a path' } : { value: storage };
  },
  show: (storage) => (storage.kind === 'claim' ? CLAIM + storage.claimName : storage.path),
};
