import { describe, expect, it } from 'vitest';
import type { Pod } from '../api/pod.ts';
import { aliasRewriterOf, ownAliases, rewriterOf } from './rewrites.ts';

describe('rewriterOf', () => {
  const rewrite = rewriterOf('/tmp/r', ['/drone/src', '/drone', '/run/drone/', '/data']);

  it.each([
    ['a path', '/drone/src', '/tmp/r/drone/src'],
    ['a path below one', 'cd /drone/src/web && ls', 'cd /tmp/r/drone/src/web && ls'],
    ['the longest that fits', '/drone/other', '/tmp/r/drone/other'],
    ['several in a list', '/data/bin:/usr/bin:/run/drone', '/tmp/r/data/bin:/usr/bin:/tmp/r/run/drone'],
    ['an assignment', 'DIR=/data', 'DIR=/tmp/r/data'],
    ['the end of a sentence', 'see /data.', 'see /tmp/r/data.'],
  ])('rewrites %s', (_, text, want) => {
    expect(rewrite(text)).toBe(want);
  });

  it.each([
    ['a path that only begins alike', '/database'],
    ['a part of a longer one', '/mnt/data'],
    ['a URL', 'https://host/data/x'],
    ['a file of that name', '/data.tar'],
  ])('leaves %s', (_, text) => {
    expect(rewrite(text)).toBe(text);
  });
});

describe('aliasRewriterOf', () => {
  const rewrite = aliasRewriterOf(['db', 'db-two', 'web']);

  it.each([
    ['a URL', 'curl http://web:8123/page', 'curl http://127.0.0.1:8123/page'],
    ['a URL without a port', 'wget http://web/page', 'wget http://127.0.0.1/page'],
    ['a URL that ends there', '"http://web"', '"http://127.0.0.1"'],
    ['a URL with a user', 'postgres://user:pw@db:5432/x', 'postgres://user:pw@127.0.0.1:5432/x'],
    ['a URL with a user and no port', 'redis://me@db/0', 'redis://me@127.0.0.1/0'],
    ['a name before a port', 'db:6379', '127.0.0.1:6379'],
    ['an assignment', 'ADDRESS=db:80', 'ADDRESS=127.0.0.1:80'],
    ['each of several', 'db:5432,db-two:5433', '127.0.0.1:5432,127.0.0.1:5433'],
    ['the end of a list', "['web:8080']", "['127.0.0.1:8080']"],
  ])('rewrites %s', (_, text, want) => {
    expect(rewrite(text)).toBe(want);
  });

  it.each([
    ['an image and its tag', 'db:7 web:22'],
    ['a tag that goes on', 'web:1234-alpine web:8080.1'],
    ['a longer name', 'my-db:5432 web.example.com:80 xdb:5432'],
    ['a name that only begins alike', 'http://webber/ http://web-1:80/ http://web.org'],
    ['a word', 'echo web db'],
    ['a path', 'cat /srv/db:5432 src/web:100'],
    ['a comment of two slashes', '//web of lies'],
    ['a user of that name', 'http://web:secret@host/ http://web@host/'],
  ])('leaves %s', (_, text) => {
    expect(rewrite(text)).toBe(text);
  });

  it('leaves everything where there is no name', () => {
    expect(aliasRewriterOf([])('http://web:80')).toBe('http://web:80');
  });
});

describe('ownAliases', () => {
  it('are the names that lead to the Pod itself, and no others', () => {
    const hostAliases = [
      { ip: '127.0.0.1', hostnames: ['web', 'localhost'] },
      { ip: '10.0.0.1', hostnames: ['far'] },
      { ip: '::1' },
    ];
    expect(ownAliases({ spec: { containers: [], hostAliases } } as unknown as Pod)).toEqual(['web']);
    expect(ownAliases({ spec: { containers: [] } } as unknown as Pod)).toEqual([]);
  });
});
