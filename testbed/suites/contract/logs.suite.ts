import { RESOURCE } from '@hangar/shared/kubernetes/cluster';
import { describe, expect, it } from 'vitest';
import { containerStateOf, contractPod, heldPod, isRunning, shell } from './pods.ts';
import { apiRefusalOf, hasEnded, type TestNamespace, withoutStamps } from './test-namespace.ts';

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
export function logsSuite(ns: () => TestNamespace): void {
  describe.concurrent('logs', () => {
    it('stamp every line of both streams, and are followed until the end', async () => {
      const script = 'echo one; sleep 0.5; echo two >&2; sleep 0.5; echo; echo three';
      await ns().createPod(contractPod(ns(), 'followed', [shell(script)]));
      await ns().podWhen('followed', 'has begun', (pod) => isRunning(pod) || hasEnded(pod));
      const log = await ns().log('followed', 'main', { follow: true });
      const lines = linesOf(log);
      expect(lines.map(({ text }) => text)).toEqual(['one', 'two', '', 'three']);
      expect(lines.map(({ at }) => at)).toEqual(lines.map(({ at }) => at).toSorted());
      expect(lines.every(({ at }) => /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z$/.test(at))).toBe(true);
      await ns().podWhen('followed', 'has ended', hasEnded);
      expect(await ns().log('followed', 'main')).toBe(log);
    });

    it('show a last line without an end as it is', async () => {
      await ns().run(contractPod(ns(), 'partial', [shell('echo whole; printf part')]));
      expect(await ns().printed('partial')).toBe('whole\npart');
    });

    it('are empty for a container without output', async () => {
      await ns().run(contractPod(ns(), 'silent', [shell('true')]));
      expect(await ns().log('silent', 'main')).toBe('');
    });

    it('keep long lines whole, with one stamp', async () => {
      const script = "head -c 40000 /dev/zero | tr '\\0' x; echo; echo end";
      await ns().run(contractPod(ns(), 'long', [shell(script)]));
      const text = await ns().printed('long');
      expect(text.split('\n').map(({ length }) => length)).toEqual([40_000, 3, 0]);
    });

    it('keep bytes as they are, but for a carriage return at the end of a line', async () => {
      const script = "printf '\\303\\244 \\033[31mred\\r\\n50%%\\r100%%\\r\\nend\\r'";
      await ns().run(contractPod(ns(), 'bytes', [shell(script)]));
      expect(await ns().printed('bytes')).toBe('ä \u001b[31mred\n50%\r100%\nend\r');
    });

    it('go on from a time in whole seconds: its fraction does not count', async () => {
      const script = 'echo first; sleep 2.2; echo second; echo third';
      await ns().run(contractPod(ns(), 'since', [shell(script)]));
      const [, second] = linesOf(await ns().log('since', 'main'));
      const since = async (sinceTime: string) =>
        withoutStamps(await ns().log('since', 'main', { sinceTime }));
      const late = `${second?.at.slice(0, 19) ?? ''}.999999999Z`;
      expect(await since(late)).toBe('second\nthird\n');
      expect(await since('2020-01-01T00:00:00Z')).toBe('first\nsecond\nthird\n');
      expect(await since(new Date(Date.parse(late) + 60_000).toISOString())).toBe('');
    });

    it('are separate per container', async () => {
      const init = shell('echo init', { name: 'init' });
      const containers = [shell('echo a', { name: 'a' }), shell('echo b', { name: 'b' })];
      await ns().run(contractPod(ns(), 'several', containers, { initContainers: [init] }));
      const printed = await Promise.all(['init', 'a', 'b'].map((name) => ns().printed('several', name)));
      expect(printed).toEqual(['init\n', 'a\n', 'b\n']);
      expect(await apiRefusalOf(ns().log('several', 'c'))).toEqual({
        status: 400,
        reason: 'BadRequest',
        message: 'container c is not valid for pod several',
      });
      expect(await apiRefusalOf(ns().log('several', 'a', { previous: true }))).toEqual({
        status: 400,
        reason: 'BadRequest',
        message: 'previous terminated container "a" in pod "several" not found',
      });
    });

    it('are refused before there are any', async () => {
      const init = shell('sleep 600', { name: 'init' });
      await ns().createPod(contractPod(ns(), 'early', [shell('true')], { initContainers: [init] }));
      await ns().podWhen(
        'early',
        'runs its init',
        (pod) => containerStateOf(pod, 'init').running !== undefined,
      );
      expect(await apiRefusalOf(ns().log('early', 'main', { follow: true }))).toEqual({
        status: 400,
        reason: 'BadRequest',
        message: 'container "main" in pod "early" is waiting to start: PodInitializing',
      });
      await ns().remove(pods, 'early', { gracePeriodSeconds: 1 });
    });

    it('of a Pod without a node are empty, of no Pod not found', async () => {
      await ns().createPod(heldPod('nowhere'));
      expect(await ns().log('nowhere', 'main')).toBe('');
      expect(await apiRefusalOf(ns().log('absent', 'main'))).toEqual({
        status: 404,
        reason: 'NotFound',
        message: 'pods "absent" not found',
      });
    });
  });
}
