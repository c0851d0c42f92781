import { describe, expect, it } from 'vitest';
import { detailFromWire } from '../edges/drone-wire.ts';
import { type AccessLimits, isAllowed } from './access.ts';

const detail = detailFromWire({
  repository: { slug: 'acme/widget', trusted: false },
  build: { event: 'push' },
});
const trusted = detailFromWire({
  repository: { slug: 'acme/widget', trusted: true },
  build: { event: 'push' },
});
const none: AccessLimits = { repos: [], events: [], trusted: false };

describe('isAllowed', () => {
  it.each<[string, Partial<AccessLimits>, boolean]>([
    ['no limits', {}, true],
    ['the repository by name', { repos: ['other/x', 'acme/widget'] }, true],
    ['the repository by glob', { repos: ['acme/*'] }, true],
    ['a star that would have to cross a slash', { repos: ['*'] }, false],
    ['another repository', { repos: ['acme/other'] }, false],
    ['a malformed glob', { repos: ['acme/['] }, false],
    ['the event', { events: ['tag', 'push'] }, true],
    ['the event by glob', { events: ['pu*'] }, true],
    ['another event', { events: ['pull_request'] }, false],
    ['the right repository, the wrong event', { repos: ['acme/*'], events: ['tag'] }, false],
    ['trusted repositories only', { trusted: true }, false],
  ])('%s: %j is %s', (_, limits, want) => {
    expect(isAllowed({ ...none, ...limits }, detail)).toBe(want);
  });

  it('a trusted repository passes where trust is asked', () => {
    expect(isAllowed({ ...none, trusted: true }, trusted)).toBe(true);
  });
});
