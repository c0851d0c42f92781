import type { CoreV1Event } from '@kubernetes/client-node';
import { describe, expect, it } from 'vitest';
import { noticeOf } from './pod-notice.ts';

const AT = '2026-01-14T09:30:00Z';
const anEvent = (reason: string, message: string, more: Partial<CoreV1Event> = {}): CoreV1Event => ({
  metadata: { name: 'drone-a.1' },
  involvedObject: { kind: 'Pod', name: 'drone-a', fieldPath: 'spec.containers{step-2}' },
  reason,
  message,
  firstTimestamp: new Date(AT),
  ...more,
});

describe('noticeOf', () => {
  it('reports that an image is being pulled, for which container, and since when', () => {
    expect(noticeOf(anEvent('Pulling', 'Pulling image "golang:1.24"'))).toEqual({
      key: 'pulling golang:1.24',
      text: 'pulling image golang:1.24',
      atMs: Date.parse(AT),
      container: 'step-2',
      lasts: true,
    });
  });

  it('searches the path of a long field once: other tenants may be allowed to create Events', () => {
    const event = anEvent('Pulling', 'Pulling image "a"');
    const fieldPath = `${'{'.repeat(150_000)}\n`;

    expect(noticeOf({ ...event, involvedObject: { fieldPath } })?.container).toBe('');
  });

  it.each([
    ['3.245s (3.245s including waiting). Image size: 88000000 bytes.', '3.2 s (84 MiB)'],
    ['845ms (1.2s including waiting). Image size: 1024 bytes.', '0.8 s (1 MiB)'],
    ['2m5.5s (2m5.5s including waiting). Image size: 2147483648 bytes.', '126 s (2048 MiB)'],
    ['1.5s', '1.5 s'],
    ['no-time-at-all', 'no-time-at-all'],
  ])('reports how long a pull took: %s', (took, want) => {
    const notice = noticeOf(anEvent('Pulled', `Successfully pulled image "golang:1.24" in ${took}`));

    expect(notice).toMatchObject({
      key: 'pulled golang:1.24',
      text: `pulled image golang:1.24 in ${want}`,
      lasts: false,
    });
  });

  it.each([
    ['an image that was there', 'Pulled', 'Container image "a:1" already present on machine'],
    ['a failed pull, which the status contains', 'Failed', 'Failed to pull image "a:1": not found'],
    ['a Pod without a node, which the status contains', 'FailedScheduling', '0/3 nodes are available'],
    ['an unknown message', 'Pulling', 'pulls something'],
    ['an Event without a message', 'Pulled', ''],
  ])('ignores %s', (_sentence, reason, message) => {
    expect(noticeOf(anEvent(reason, message))).toBeUndefined();
  });

  it.each([
    ['FailedMount', 'waiting for a volume: MountVolume.SetUp failed for volume "v"'],
    ['FailedAttachVolume', 'waiting for a volume: MountVolume.SetUp failed for volume "v"'],
    ['TriggeredScaleUp', 'waiting for a node: MountVolume.SetUp failed for volume "v"'],
  ])('reports what a Pod waits for: %s', (reason, want) => {
    const about = { kind: 'Pod', name: 'drone-a' };
    const message = 'MountVolume.SetUp failed\n  for volume "v"';

    expect(noticeOf(anEvent(reason, message, { involvedObject: about }))).toMatchObject({
      text: want,
      container: '',
    });
  });

  it('truncates long messages', () => {
    expect(noticeOf(anEvent('FailedMount', 'x'.repeat(10_000)))?.text).toHaveLength(300);
  });

  it.each([
    ['the time of the new Events API', { firstTimestamp: null, eventTime: AT }, Date.parse(AT)],
    ['nothing where there is no time', { firstTimestamp: null }, 0],
    ['nothing where the time is none', { firstTimestamp: 'soon' }, 0],
  ])('uses %s', (_sentence, times, want) => {
    // In the form of the API's JSON, which client-node's types do not have.
    const event = anEvent('Pulling', 'Pulling image "a:1"');
    Object.assign(event, times);

    expect(noticeOf(event)?.atMs).toBe(want);
  });
});
