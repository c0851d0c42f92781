import { describe, expect, it } from 'vitest';
import { LABEL } from '../pipeline/compiled.ts';
import type { Holder } from './holder.ts';
import { IndependentReplica, instanceLabel } from './independent.ts';

const replica = (holder: Partial<Holder>, namespace = 'drone') =>
  new IndependentReplica({
    holder: { replica: 'runner-a', podUid: 'uid-1', instance: 'now', ...holder },
    namespace,
    server: 'https://drone',
  });

describe('a replica without a Lease', () => {
  it('is named by its process, so that no other replica takes its Pods for those of a Lease that is gone', () => {
    const { owner, labels } = replica({});

    expect(owner).toBe('replica:drone/runner-a/uid-1/now');
    expect(owner.split('/')[0]).not.toMatch(/^[a-z0-9-]+$/);
    expect(labels).toEqual({ [LABEL.instance]: 'runner-a' });
  });

  it.each([
    ['an earlier process of the same Pod', {}, true],
    ['itself', { instance: 'now' }, false],
    ['a Pod of another name', { replica: 'runner-b' }, false],
    ['a new Pod of the same name', { podUid: 'uid-2' }, false],
  ])('%s was its previous process: %s', (_who, changes, isFormer) => {
    const other = replica({ instance: 'before', ...changes });

    expect(replica({}).isPreviousProcess(other.owner)).toBe(isFormer);
  });

  it('in another namespace has another previous process', () => {
    expect(replica({}).isPreviousProcess(replica({ instance: 'before' }, 'other').owner)).toBe(false);
  });

  it.each([
    ['has certainly ended', true],
    ['may run', false],
  ])('outside of a Pod takes over from a process of this machine that %s: %s', (_what, isGone) => {
    const before = replica({ podUid: '', instance: 'machine.1.2' });
    const now = replica({ podUid: '', isGone: (instance) => isGone && instance === 'machine.1.2' });

    expect(now.isPreviousProcess(before.owner)).toBe(isGone);
  });

  it.each(['drone/hangar-runner-a', '', 'replica:drone/runner-a'])(
    'takes over nothing from an owner of another form: "%s"',
    (owner) => {
      expect(replica({}).isPreviousProcess(owner)).toBe(false);
    },
  );
});

describe('instanceLabel', () => {
  it.each([
    ['drone-runner-kube-7d9f-abcde', 'drone-runner-kube-7d9f-abcde'],
    ['build.acme.test', 'build.acme.test'],
    ['-my host!', 'my-host'],
  ])('of %s is %s', (name, label) => {
    expect(instanceLabel(name)).toBe(label);
  });

  it('of a long name keeps names apart within 63 characters', () => {
    const long = 'x'.repeat(80);

    expect(instanceLabel(`${long}1`)).toHaveLength(63);
    expect(instanceLabel(`${long}1`)).not.toBe(instanceLabel(`${long}2`));
  });
});
