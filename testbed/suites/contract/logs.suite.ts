import { RESOURCE } from '@hangar/shared/kubernetes/cluster';
import { describe, expect, it } from 'vitest';
import { heldPod, isRunning, podOf, shell, stateOf } from './pods.ts';
import { hasEnded, type Room, refusalOf, withoutStamps } from './room.ts';

const { pods } = RESOURCE;
const STAMPED = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)\.(\d{9})Z (.*)$/;

/** Text and stamp of each line. */
const linesOf = (log: string): { at: string; text: string }[] =>
  log
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const [, seconds = '', fraction = '', text = ''] = STAMPED.exec(line) ?? [];
      return { at: `${seconds}.${fraction}Z`, text };
    });

/** Logs as the runner reads them: stamped, followed, resumed. */
export function logsSuite(room: () => Room): void {
  describe.concurrent('logs', () => {
    it('stamp every line of both streams, and are followed until the end', async () => {
      const script = 'echo one; sleep 0.5; echo two >&2; sleep 0.5; echo; echo three';
      await room().createPod(podOf(room(), 'followed', [shell(script)]));
      await room().podWhen('followed', 'has begun', (pod) => isRunning(pod) || hasEnded(pod));
      const log = await room().log('followed', 'main', { follow: true });
      const lines = linesOf(log);
      expect(lines.map(({ text }) => text)).toEqual(['one', 'two', '', 'three']);
      expect(lines.map(({ at }) => at)).toEqual(lines.map(({ at }) => at).toSorted());
      expect(lines.every(({ at }) => /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z$/.test(at))).toBe(true);
      await room().podWhen('followed', 'has ended', hasEnded);
      expect(await room().log('followed', 'main')).toBe(log);
    });

    it('show a last line without an end as it is', async () => {
      await room().run(podOf(room(), 'partial', [shell('echo whole; printf part')]));
      expect(await room().said('partial')).toBe('whole\npart');
    });

    it('are empty for a container that said nothing', async () => {
      await room().run(podOf(room(), 'silent', [shell('true')]));
      expect(await room().log('silent', 'main')).toBe('');
    });

    it('keep long lines whole, with one stamp', async () => {
      const script = "head -c 40000 /dev/zero | tr '\\0' x; echo; echo end";
      await room().run(podOf(room(), 'long', [shell(script)]));
      const text = await room().said('long');
      expect(text.split('\n').map(({ length }) => length)).toEqual([40_000, 3, 0]);
    });

    it('keep bytes as they are, but for a carriage return at the end of a line', async () => {
      const script = "printf '\\303\\244 \\033[31mred\\r\\n50%%\\r100%%\\r\\nend\\r'";
      await room().run(podOf(room(), 'bytes', [shell(script)]));
      expect(await room().said('bytes')).toBe('ä \u001b[31mred\n50%\r100%\nend\r');
    });

    it('go on from a time in whole seconds: its fraction does not count', async () => {
      const script = 'echo first; sleep 2.2; echo second; echo third';
      await room().run(podOf(room(), 'since', [shell(script)]));
      const [, second] = linesOf(await room().log('since', 'main'));
      const since = async (sinceTime: string) =>
        withoutStamps(await room().log('since', 'main', { sinceTime }));
      const late = `${second?.at.slice(0, 19) ?? ''}.999999999Z`;
      expect(await since(late)).toBe('second\nthird\n');
      expect(await since('2020-01-01T00:00:00Z')).toBe('first\nsecond\nthird\n');
      expect(await since(new Date(Date.parse(late) + 60_000).toISOString())).toBe('');
    });

    it('are told apart by container', async () => {
      const init = shell('echo init', { name: 'init' });
      const containers = [shell('echo a', { name: 'a' }), shell('echo b', { name: 'b' })];
      await room().run(podOf(room(), 'several', containers, { initContainers: [init] }));
      const said = await Promise.all(['init', 'a', 'b'].map((name) => room().said('several', name)));
      expect(said).toEqual(['init\n', 'a\n', 'b\n']);
      expect(await refusalOf(room().log('several', 'c'))).toEqual({
        status: 400,
        reason: 'BadRequest',
        message: 'container c is not valid for pod several',
      });
      expect(await refusalOf(room().log('several', 'a', { previous: true }))).toEqual({
        status: 400,
        reason: 'BadRequest',
        message: 'previous terminated container "a" in pod "several" not found',
      });
    });

    it('are refused before there are any', async () => {
      const init = shell('sleep 600', { name: 'init' });
      await room().createPod(podOf(room(), 'early', [shell('true')], { initContainers: [init] }));
      await room().podWhen('early', 'runs its init', (pod) => stateOf(pod, 'init').running !== undefined);
      expect(await refusalOf(room().log('early', 'main', { follow: true }))).toEqual({
        status: 400,
        reason: 'BadRequest',
        message: 'container "main" in pod "early" is waiting to start: PodInitializing',
      });
      await room().remove(pods, 'early', { gracePeriodSeconds: 1 });
    });

    it('of a Pod without a node are empty, of no Pod not found', async () => {
      await room().createPod(heldPod('nowhere'));
      expect(await room().log('nowhere', 'main')).toBe('');
      expect(await refusalOf(room().log('absent', 'main'))).toEqual({
        status: 404,
        reason: 'NotFound',
        message: 'pods "absent" not found',
      });
    });
  });
}
