import { describe, expect, it } from 'vitest';
import { cleanMountPath, reservedFolder } from './mount-path.ts';

describe('cleanMountPath', () => {
  it.each([
    ['/a/b', '/a/b'],
    ['a/b', '/a/b'],
    ['//a/./b//', '/a/b'],
    ['/a/../../b', '/b'],
    ['', '/'],
    ['/..', '/'],
    ['/A', '/A'],
  ])('%j becomes %s', (path, want) => {
    expect(cleanMountPath(path, 'linux')).toBe(want);
  });

  it('on Windows removes the drive, converts slashes and ignores case', () => {
    expect(cleanMountPath('C:\\Run\\Drone\\', 'windows')).toBe('/run/drone');
  });
});

describe('reservedFolder', () => {
  it.each([
    ['/run/drone', '/run/drone'],
    ['/run/drone/env', '/run/drone'],
    ['/var/run/drone', '/run/drone'],
    ['/hangar', '/hangar'],
    ['/hangar/state', '/hangar'],
  ])('%s is inside %s', (path, want) => {
    expect(reservedFolder(path)).toBe(want);
  });

  it.each(['/run/drone2', '/run', '/hangars', '/my/hangar', '/drone/src', '/var/run', '/'])(
    '%s is allowed',
    (path) => {
      expect(reservedFolder(path)).toBeUndefined();
    },
  );
});
