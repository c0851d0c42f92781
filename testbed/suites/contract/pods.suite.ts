import { RESOURCE } from '@hangar/shared/kubernetes/cluster';
import type { V1Pod } from '@kubernetes/client-node';
import { describe, expect, it } from 'vitest';
import {
  CONTAINER_ID,
  conditionOf,
  containerStateOf,
  containerStatusOf,
  contractPod,
  isRunning,
  like,
  SECONDS,
  shell,
  waitsFor,
} from './pods.ts';
import { apiRefusalOf, hasEnded, type TestNamespace } from './test-namespace.ts';

const { pods, secrets } = RESOURCE;

const phasesOf = (forms: readonly V1Pod[]): (string | undefined)[] =>
  forms.map(({ status }) => status?.phase).filter((phase, index, all) => phase !== all[index - 1]);

/** The lifecycle of a Pod as its status reports it. */
export function podsSuite(ns: () => TestNamespace): void {
  describe.concurrent('Pods', () => {
    it('are pending, run, and succeed, with the stamps and conditions of each', async () => {
      const pod = await ns().run(contractPod(ns(), 'good', [shell('sleep 1.5')]));
      const running = await ns().podWhen('good', 'runs', isRunning);
      expect(phasesOf(ns().history('good'))).toEqual(['Pending', 'Running', 'Succeeded']);
      expect(containerStateOf(running).running).toEqual({ startedAt: like(SECONDS) });
      expect(containerStatusOf(running)).toMatchObject({ ready: true, started: true, restartCount: 0 });
      expect(conditionOf(running, 'Ready')?.status).toBe('True');
      expect(running.status).toMatchObject({
        podIP: like(/^[0-9.]+$/),
        hostIP: '127.0.0.1',
        startTime: like(SECONDS),
      });
      expect(running.spec?.nodeName).toBe(ns().nodeName);
      expect(containerStatusOf(pod)).toEqual({
        name: 'main',
        state: {
          terminated: {
            exitCode: 0,
            reason: 'Completed',
            startedAt: containerStateOf(running).running?.startedAt,
            finishedAt: like(SECONDS),
            containerID: like(CONTAINER_ID),
          },
        },
        lastState: {},
        ready: false,
        started: false,
        restartCount: 0,
        image: 'docker.io/library/busybox:latest',
        imageID: like(/sha256:[0-9a-f]{64}$/),
        containerID: containerStateOf(pod).terminated?.containerID,
        ...rest(pod),
      });
      const conditions = Object.fromEntries(
        (pod.status?.conditions ?? []).map(({ type, status, reason }) => [type, [status, reason]]),
      );
      expect(conditions).toEqual({
        PodReadyToStartContainers: ['False', undefined],
        Initialized: ['True', 'PodCompleted'],
        Ready: ['False', 'PodCompleted'],
        ContainersReady: ['False', 'PodCompleted'],
        PodScheduled: ['True', undefined],
      });
      for (const { lastTransitionTime } of pod.status?.conditions ?? [])
        expect(lastTransitionTime).toMatch(SECONDS);
    });

    it('fail when one of their containers does, and are not restarted', async () => {
      const pod = await ns().run(
        contractPod(ns(), 'bad', [
          shell('exit 0', { name: 'good' }),
          shell('exit 3', { name: 'three' }),
          shell('exit 78', { name: 'early' }),
          shell('sh -c "kill -KILL \\$\\$"; exit $?', { name: 'killed' }),
        ]),
      );
      const ends = ['good', 'three', 'early', 'killed'].map((name) => {
        const { exitCode, reason } = containerStateOf(pod, name).terminated ?? {};
        return [exitCode, reason, containerStatusOf(pod, name)?.restartCount];
      });
      expect(pod.status?.phase).toBe('Failed');
      expect(pod.status?.reason).toBeUndefined();
      expect(ends).toEqual([
        [0, 'Completed', 0],
        [3, 'Error', 0],
        [78, 'Error', 0],
        [137, 'Error', 0],
      ]);
      expect(conditionOf(pod, 'Ready')).toMatchObject({ status: 'False', reason: 'PodFailed' });
    });

    it('keep the statuses of their containers in the order of names in the list', async () => {
      const names = ['zeta', 'alpha', 'mid'];
      const pod = await ns().run(
        contractPod(
          ns(),
          'order',
          names.map((name) => shell('true', { name })),
        ),
      );
      expect(pod.status?.containerStatuses?.map(({ name }) => name).toSorted()).toEqual(names.toSorted());
    });

    it('run init containers first, and nothing else when one fails', async () => {
      const inits = [shell('exit 0', { name: 'first' }), shell('exit 4', { name: 'second' })];
      const pod = await ns().run(contractPod(ns(), 'init-bad', [shell('true')], { initContainers: inits }));
      expect(pod.status?.phase).toBe('Failed');
      expect(containerStatusOf(pod, 'first')).toMatchObject({ ready: true });
      expect(containerStateOf(pod, 'second').terminated).toMatchObject({ exitCode: 4, reason: 'Error' });
      expect(containerStateOf(pod).waiting?.reason).toBe('PodInitializing');
      expect(containerStatusOf(pod)?.containerID).toBeUndefined();
      expect((await apiRefusalOf(ns().log('init-bad', 'main'))).message).toBe(
        'container "main" in pod "init-bad" is waiting to start: PodInitializing',
      );
    });

    it('show what they wait for while an init container runs', async () => {
      const init = shell('sleep 1.5', { name: 'init' });
      const pod = contractPod(ns(), 'init-runs', [shell('true')], { initContainers: [init] });
      await ns().createPod(pod);
      const seen = await ns().podWhen('init-runs', 'runs its init', (one) => isRunningIn(one, 'init'));
      expect(seen.status?.phase).toBe('Pending');
      expect(containerStateOf(seen).waiting?.reason).toBe('PodInitializing');
      expect(conditionOf(seen, 'Initialized')).toMatchObject({
        status: 'False',
        reason: 'ContainersNotInitialized',
        message: 'containers with incomplete status: [init]',
      });
      await ns().podWhen('init-runs', 'has succeeded', ({ status }) => status?.phase === 'Succeeded');
    });

    it('can not pull what does not exist: ErrImagePull, then ImagePullBackOff, again and again', async () => {
      const image = 'docker.io/library/does-not-exist:1';
      await ns().createPod(contractPod(ns(), 'no-image', [shell('true', { image })]));
      const failed = await ns().podWhen('no-image', 'has ErrImagePull', waitsFor('ErrImagePull'));
      const waits = await ns().podWhen('no-image', 'backs off', waitsFor('ImagePullBackOff'));
      const notFound = /failed to pull and unpack image "docker.io\/library\/does-not-exist:1": .*not found$/;
      expect(containerStateOf(failed).waiting?.message).toMatch(notFound);
      expect(containerStateOf(waits).waiting?.message).toMatch(
        /^Back-off pulling image "docker.io\/library\/does-not-exist:1": ErrImagePull: .*not found$/,
      );
      expect(waits.status?.phase).toBe('Pending');
      expect(containerStatusOf(waits)).toMatchObject({ image, imageID: '', ready: false, restartCount: 0 });
      const reasons = (await ns().eventsOf('no-image')).map(({ reason, message = '' }) => [reason, message]);
      expect(reasons).toContainEqual(['Pulling', `Pulling image "${image}"`]);
      expect(reasons).toContainEqual(['Failed', like(notFound)]);
      expect(reasons).toContainEqual(['Failed', 'Error: ErrImagePull']);
      expect((await apiRefusalOf(ns().log('no-image', 'main'))).message).toMatch(
        /^container "main" in pod "no-image" is waiting to start: (trying and failing to pull image|image can't be pulled)$/,
      );
      await ns().remove(pods, 'no-image');
    });

    it('can not pull what is no name', async () => {
      const image = 'UPPER/Case:1';
      await ns().createPod(contractPod(ns(), 'odd-image', [shell('true', { image })]));
      const pod = await ns().podWhen('odd-image', 'is refused', waitsFor('InvalidImageName'));
      expect(containerStateOf(pod).waiting?.message).toBe(
        'Failed to apply default image tag "UPPER/Case:1": couldn\'t parse image name "UPPER/Case:1": invalid reference format: repository name (Case) must be lowercase',
      );
      const events = await ns().until('an event', async () => {
        const found = await ns().eventsOf('odd-image');
        return found.some(({ reason }) => reason === 'InspectFailed') ? found : undefined;
      });
      expect(events.map(({ message }) => message)).toContainEqual(containerStateOf(pod).waiting?.message);
      await ns().remove(pods, 'odd-image');
    });

    it('never pull with the policy Never', async () => {
      const container = shell('true', { image: 'docker.io/library/missing:1', imagePullPolicy: 'Never' });
      await ns().createPod(contractPod(ns(), 'no-pull', [container]));
      const pod = await ns().podWhen('no-pull', 'is refused', waitsFor('ErrImageNeverPull'));
      expect(containerStateOf(pod).waiting?.message).toBe(
        'Container image "docker.io/library/missing:1" is not present with pull policy of Never',
      );
      await ns().remove(pods, 'no-pull');
    });

    it('wait with CreateContainerConfigError for a Secret or a key, and go on when it is there', async () => {
      const from = (name: string, key: string) => ({
        name: 'X',
        valueFrom: { secretKeyRef: { name, key } },
      });
      await ns().create(secrets, { metadata: { name: 'keyless' }, stringData: { a: '1' } });
      await ns().createPod(contractPod(ns(), 'no-key', [shell('true', { env: [from('keyless', 'b')] })]));
      await ns().createPod(
        contractPod(ns(), 'late-key', [shell('echo "$X"', { env: [from('late-secret', 'b')] })]),
      );
      // A busy kubelet reports first that its cache of Secrets is not in sync.
      const waits = (name: string, message: string) =>
        ns().podWhen(
          name,
          `waits for: ${message}`,
          (pod) => containerStateOf(pod).waiting?.message === message,
        );
      const keyless = await waits('no-key', `couldn't find key b in Secret ${ns().name}/keyless`);
      const late = await waits('late-key', 'secret "late-secret" not found');
      const reason = 'CreateContainerConfigError';
      expect([keyless, late].map((pod) => containerStateOf(pod).waiting?.reason)).toEqual([reason, reason]);
      expect(late.status?.phase).toBe('Pending');
      await ns().create(secrets, { metadata: { name: 'late-secret' }, stringData: { b: 'came' } });
      await ns().podWhen('late-key', 'has ended', hasEnded);
      expect(await ns().printed('late-key')).toBe('came\n');
      await ns().remove(pods, 'no-key');
    });

    it('show what can not be started', async () => {
      const pod = await ns().run(
        contractPod(ns(), 'no-command', [shell('', { command: ['no-such-program', 'x'] })]),
      );
      expect(pod.status?.phase).toBe('Failed');
      expect(containerStateOf(pod).terminated).toMatchObject({
        exitCode: 128,
        reason: 'StartError',
        message: like(/exec: "no-such-program": executable file not found in \$PATH/),
        startedAt: '1970-01-01T00:00:00Z',
        finishedAt: like(SECONDS),
        containerID: like(CONTAINER_ID),
      });
    });

    it('contain the termination message, truncated, or the end of the log where that is configured', async () => {
      const long = 'i=0; while [ $i -lt 500 ]; do echo 0123456789; i=$((i+1)); done';
      const pod = await ns().run(
        contractPod(ns(), 'messages', [
          shell('printf done > /dev/termination-log', { name: 'short' }),
          shell(`(${long}) > /dev/termination-log; exit 1`, { name: 'long' }),
          shell('echo why; exit 1', { name: 'log', terminationMessagePolicy: 'FallbackToLogsOnError' }),
          shell('echo why', { name: 'fine', terminationMessagePolicy: 'FallbackToLogsOnError' }),
          shell('printf own > /tmp/own-message', { name: 'own', terminationMessagePath: '/tmp/own-message' }),
          shell('exit 1', { name: 'none' }),
        ]),
      );
      const message = (name: string) => containerStateOf(pod, name).terminated?.message;
      expect(message('short')).toBe('done');
      expect(message('long')).toHaveLength(2048);
      expect(message('log')).toBe('why\n');
      expect(message('fine')).toBeUndefined();
      expect(message('own')).toBe('own');
      expect(message('none')).toBeUndefined();
    });

    it('are reported in events', async () => {
      await ns().run(contractPod(ns(), 'events', [shell('true')]));
      const events = await ns().until('the events of a Pod', async () => {
        const found = await ns().eventsOf('events');
        return found.some(({ reason }) => reason === 'Started') ? found : undefined;
      });
      const messages = Object.fromEntries(events.map(({ reason = '', message }) => [reason, message]));
      expect(messages).toEqual({
        Scheduled: `Successfully assigned ${ns().name}/events to ${ns().nodeName}`,
        Pulled: like(/image "docker.io\/library\/busybox:latest"/),
        Created: 'Created container: main',
        Started: 'Started container main',
      });
      const started = events.find(({ reason }) => reason === 'Started');
      expect(started).toMatchObject({
        type: 'Normal',
        count: 1,
        source: { component: 'kubelet', host: ns().nodeName },
        reportingComponent: 'kubelet',
        involvedObject: {
          apiVersion: 'v1',
          kind: 'Pod',
          name: 'events',
          namespace: ns().name,
          fieldPath: 'spec.containers{main}',
        },
        firstTimestamp: like(SECONDS),
        lastTimestamp: like(SECONDS),
      });
    });
  });
}

const isRunningIn = (pod: V1Pod, container: string): boolean =>
  containerStateOf(pod, container).running !== undefined;

/** What newer servers report of a container beside what Hangar reads. */
function rest(pod: V1Pod): object {
  const { resources, allocatedResources, volumeMounts, user } = containerStatusOf(pod) ?? {};
  const more = { resources, allocatedResources, volumeMounts, user };
  return Object.fromEntries(Object.entries(more).filter(([, value]) => value !== undefined));
}
