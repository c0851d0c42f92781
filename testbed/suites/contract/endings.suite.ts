import { RESOURCE } from '@hangar/shared/kubernetes/cluster';
import type { V1Pod } from '@kubernetes/client-node';
import { describe, expect, it } from 'vitest';
import { BUSYBOX } from '../flows/pipelines.ts';
import {
  containerStateOf,
  containerStatusOf,
  contractPod,
  heldPod,
  isRunning,
  like,
  NONROOT,
  SECONDS,
  shell,
} from './pods.ts';
import { apiRefusalOf, hasEnded, type TestNamespace } from './test-namespace.ts';

const { pods } = RESOURCE;

const restarts = (pod: V1Pod, container = 'main'): number | undefined =>
  containerStatusOf(pod, container)?.restartCount;

const terminatedIn = (forms: readonly V1Pod[], container = 'main') =>
  forms.map((pod) => containerStateOf(pod, container).terminated).findLast((state) => state !== undefined);

/** How running Pods are ended, and how an image is swapped. */
export function endingsSuite(ns: () => TestNamespace): void {
  /** Starts a Pod of one script and waits until it prints `up`. */
  async function running(name: string, script: string, more: Partial<V1Pod['spec']> = {}): Promise<V1Pod> {
    await ns().createPod(contractPod(ns(), name, [shell(script)], more));
    const pod = await ns().podWhen(name, 'runs', isRunning);
    await ns().until(`${name} says up`, async () =>
      (await ns().printed(name)).includes('up\n') ? true : undefined,
    );
    return pod;
  }

  const swap = (name: string, container: string): Promise<unknown> =>
    ns().patch(pods, name, { spec: { containers: [{ name: container, image: NONROOT }] } }, 'strategic');

  describe.concurrent('endings', () => {
    it('stop a container by SIGTERM, and its exit code is kept', async () => {
      await running('polite', 'trap "echo bye; exit 9" TERM; echo up; while :; do sleep 0.1; done');
      await ns().remove(pods, 'polite', { gracePeriodSeconds: 20 });
      const forms = await ns().podGone('polite');
      expect(terminatedIn(forms)).toMatchObject({ exitCode: 9, reason: 'Error' });
      const marked = forms.find(({ metadata }) => metadata?.deletionTimestamp !== undefined);
      expect(marked?.metadata).toMatchObject({
        deletionGracePeriodSeconds: 20,
        deletionTimestamp: like(SECONDS),
      });
      expect(forms.at(-2)?.status?.phase).toBe('Failed');
    });

    it('kill what ignores SIGTERM', async () => {
      await running('deaf', 'trap "" TERM; echo up; while :; do sleep 0.1; done');
      await ns().remove(pods, 'deaf', { gracePeriodSeconds: 1 });
      expect(terminatedIn(await ns().podGone('deaf'))).toMatchObject({ exitCode: 137, reason: 'Error' });
    });

    it('kill a first process that handles no SIGTERM: its default does not count there', async () => {
      await running('simple', 'echo up; exec sleep 600');
      await ns().remove(pods, 'simple', { gracePeriodSeconds: 1 });
      expect(terminatedIn(await ns().podGone('simple'))).toMatchObject({ exitCode: 137 });
    });

    it('signal the first process alone: what it started ends with it', async () => {
      const script =
        'trap "echo told; exit 0" TERM; sh -c "trap \\"echo child told\\" TERM; while :; do sleep 0.1; done" & echo up; while :; do sleep 0.1; done';
      await running('alone', script);
      const reading = ns().log('alone', 'main', { follow: true });
      await ns().remove(pods, 'alone', { gracePeriodSeconds: 20 });
      const forms = await ns().podGone('alone');
      expect(terminatedIn(forms)).toMatchObject({ exitCode: 0, reason: 'Completed' });
      expect(await reading).not.toContain('child told');
    });

    it('let a Pod go at once without a grace, or without a node', async () => {
      await running('forced', 'echo up; exec sleep 600');
      await ns().remove(pods, 'forced', { gracePeriodSeconds: 0 });
      await ns().createPod(heldPod('unplaced'));
      await ns().remove(pods, 'unplaced');
      for (const name of ['forced', 'unplaced'])
        expect((await apiRefusalOf(ns().get(pods, name))).status).toBe(404);
    });

    it('leave an ended Pod as it is until it is removed, then at once', async () => {
      await ns().run(contractPod(ns(), 'done', [shell('echo kept')]));
      expect(await ns().printed('done')).toBe('kept\n');
      await ns().remove(pods, 'done');
      expect((await apiRefusalOf(ns().get(pods, 'done'))).status).toBe(404);
    });

    it('enforce a deadline: the Pod fails as DeadlineExceeded, and its containers are ended', async () => {
      const script = 'trap "exit 143" TERM; echo up; while :; do sleep 0.1; done';
      const pod = await ns().run(
        contractPod(ns(), 'deadline', [shell(script)], { activeDeadlineSeconds: 2 }),
      );
      expect(pod.status).toMatchObject({
        phase: 'Failed',
        reason: 'DeadlineExceeded',
        message: 'Pod was active on the node longer than the specified deadline',
      });
      const event = await ns().until('DeadlineExceeded', async () =>
        (await ns().eventsOf('deadline')).find(({ reason }) => reason === 'DeadlineExceeded'),
      );
      const ended = await ns().podWhen(
        'deadline',
        'has no container',
        (one) => containerStateOf(one).terminated !== undefined,
      );
      expect(event.type).toBe('Normal');
      expect([137, 143]).toContain(containerStateOf(ended).terminated?.exitCode);
    });

    it('swap the image of a running container: another run, whatever the restart policy', async () => {
      const script = 'trap "exit 5" TERM; echo up; while :; do sleep 0.1; done';
      const was = containerStatusOf(await running('swapped', script));
      await swap('swapped', 'main');
      const pod = await ns().podWhen('swapped', 'runs anew', (one) => isRunning(one) && restarts(one) === 1);
      expect(pod.status?.phase).toBe('Running');
      expect(pod.metadata?.generation).toBe(2);
      expect(containerStatusOf(pod)).toMatchObject({
        image: NONROOT,
        lastState: { terminated: { exitCode: 5, containerID: was?.containerID } },
      });
      expect(was?.image).toBe(BUSYBOX);
      expect(containerStatusOf(pod)?.containerID).not.toBe(was?.containerID);
      expect(await ns().log('swapped', 'main', { previous: true })).toContain('up');
      const event = await ns().until('the event of the swap', async () =>
        (await ns().eventsOf('swapped')).find(({ reason }) => reason === 'Killing'),
      );
      expect(event.message).toBe('Container main definition changed, will be restarted');
      await ns().remove(pods, 'swapped', { gracePeriodSeconds: 1 });
    });

    it('swap no image of a container that has ended', async () => {
      const script = 'trap "exit 5" TERM; while :; do sleep 0.1; done';
      await ns().createPod(
        contractPod(ns(), 'too-late', [shell('exit 3'), shell(script, { name: 'other' })]),
      );
      await ns().podWhen('too-late', 'has an end', (pod) => containerStateOf(pod).terminated !== undefined);
      await swap('too-late', 'main');
      await swap('too-late', 'other');
      const after = await ns().podWhen(
        'too-late',
        'swapped the other',
        (pod) => restarts(pod, 'other') === 1,
      );
      expect(containerStatusOf(after)).toMatchObject({
        restartCount: 0,
        state: { terminated: { exitCode: 3 } },
      });
      await ns().remove(pods, 'too-late', { gracePeriodSeconds: 1 });
    });

    it('restart a container by its policy', async () => {
      const volumeMounts = [{ name: 'ws', mountPath: '/ws' }];
      const script = 'if [ -e /ws/x ]; then sleep 1.5; else touch /ws/x; exit 6; fi';
      const more = { restartPolicy: 'OnFailure', volumes: [{ name: 'ws', emptyDir: {} }] };
      const pod = await ns().run(contractPod(ns(), 'again', [shell(script, { volumeMounts })], more));
      const second = await ns().podWhen('again', 'runs anew', (one) => isRunning(one) && restarts(one) === 1);
      expect(containerStatusOf(second)?.lastState?.terminated).toMatchObject({
        exitCode: 6,
        reason: 'Error',
      });
      expect(pod.status?.phase).toBe('Succeeded');
      expect(containerStatusOf(pod)).toMatchObject({
        restartCount: 1,
        state: { terminated: { exitCode: 0 } },
      });
    });

    it('end a Pod only once: what has ended is not seen to run again', async () => {
      await ns().run(contractPod(ns(), 'final', [shell('exit 1')]));
      const forms = ns().history('final');
      const first = forms.findIndex(hasEnded);
      expect(forms.slice(first).every(hasEnded)).toBe(true);
    });
  });
}
