import { RESOURCE } from '@hangar/shared/kubernetes/cluster';
import { describe, expect, it } from 'vitest';
import { contractPod, isRunning, shell } from './pods.ts';
import { hasEnded, type TestNamespace } from './test-namespace.ts';

const { pods, secrets } = RESOURCE;

/** Files and variables of containers. */
export function volumesSuite(ns: () => TestNamespace): void {
  describe.concurrent('volumes and variables', () => {
    it('share an emptyDir among all containers, open to everyone', async () => {
      const volumeMounts = [{ name: 'ws', mountPath: '/ws' }];
      const init = shell('echo made > /ws/file; mkdir /ws/sub', { name: 'init', volumeMounts });
      const part = [{ name: 'ws', mountPath: '/part', subPath: 'sub/deep' }];
      const pod = contractPod(
        ns(),
        'shared',
        [
          shell('cat /ws/file; stat -c %a /ws; until [ -e /ws/sub/deep/x ]; do sleep 0.1; done; echo seen', {
            volumeMounts,
          }),
          shell('echo x > /part/x', { name: 'other', volumeMounts: part }),
        ],
        { volumes: [{ name: 'ws', emptyDir: {} }], initContainers: [init] },
      );
      expect((await ns().run(pod)).status?.phase).toBe('Succeeded');
      expect(await ns().printed('shared')).toBe('made\n777\nseen\n');
    });

    it('show the keys of a Secret as files: chosen ones, with their modes, and one alone by subPath', async () => {
      const data = { binary: Buffer.from([0xff, 0x00, 0x0a]).toString('base64') };
      const stringData = { script: '#!/bin/sh\necho ran\n', token: 'abc', other: 'x' };
      await ns().create(secrets, { metadata: { name: 'files' }, data, stringData });
      const script = [
        'ls /all',
        'ls /some',
        '/some/bin/run',
        'cat /one',
        'od -An -tx1 /all/binary',
        'stat -L -c %a /some/bin/run /all/token',
      ].join('; echo; ');
      const volumeMounts = [
        { name: 'all', mountPath: '/all', readOnly: true },
        { name: 'some', mountPath: '/some' },
        { name: 'all', mountPath: '/one', subPath: 'token' },
      ];
      const items = [{ key: 'script', path: 'bin/run', mode: 0o755 }];
      await ns().run(
        contractPod(ns(), 'secret-files', [shell(script, { volumeMounts })], {
          volumes: [
            { name: 'all', secret: { secretName: 'files', defaultMode: 0o440 } },
            { name: 'some', secret: { secretName: 'files', items } },
          ],
        }),
      );
      const printed = (await ns().printed('secret-files')).split(/\s+/).join(' ').trim();
      expect(printed).toBe('binary other script token bin ran abc ff 00 0a 755 440');
    });

    it('wait for a Secret that is created later, and report that in an event', async () => {
      await ns().createPod(
        contractPod(
          ns(),
          'patient',
          [shell('cat /s/a', { volumeMounts: [{ name: 's', mountPath: '/s' }] })],
          {
            volumes: [{ name: 's', secret: { secretName: 'late-files' } }],
          },
        ),
      );
      const message = 'MountVolume.SetUp failed for volume "s" : secret "late-files" not found';
      // A busy kubelet reports first that its cache of Secrets is not in sync.
      const event = await ns().until('FailedMount', async () =>
        (await ns().eventsOf('patient')).find((one) => one.message === message),
      );
      expect([event.type, event.reason]).toEqual(['Warning', 'FailedMount']);
      await ns().create(secrets, { metadata: { name: 'late-files' }, stringData: { a: 'came' } });
      const pod = await ns().podWhen('patient', 'has ended', hasEnded);
      expect(pod.status?.phase).toBe('Succeeded');
      expect(await ns().printed('patient')).toBe('came');
    });

    it('follow the annotations of a running Pod in its files', async () => {
      const items = [
        { path: 'sign', fieldRef: { fieldPath: "metadata.annotations['hangar.dev/sign']" } },
        { path: 'all', fieldRef: { fieldPath: 'metadata.labels' } },
        { path: 'deep/name', fieldRef: { fieldPath: 'metadata.name' } },
      ];
      const script =
        'cat /pod/sign; echo; cat /pod/all; echo; cat /pod/deep/name; echo; until grep -q two /pod/sign; do sleep 0.1; done; cat /pod/sign';
      const pod = contractPod(
        ns(),
        'downward',
        [shell(script, { volumeMounts: [{ name: 'pod', mountPath: '/pod' }] })],
        { volumes: [{ name: 'pod', downwardAPI: { items } }] },
      );
      const metadata = {
        name: 'downward',
        labels: { b: '2', a: '1' },
        annotations: { 'hangar.dev/sign': 'one' },
      };
      await ns().createPod({ ...pod, metadata });
      await ns().podWhen('downward', 'runs', isRunning);
      await ns().until('the first sign', async () =>
        (await ns().printed('downward')).includes('downward\n') ? true : undefined,
      );
      await ns().patch(pods, 'downward', { metadata: { annotations: { 'hangar.dev/sign': 'two' } } });
      await ns().podWhen('downward', 'has ended', hasEnded);
      expect(await ns().printed('downward')).toBe('one\na="1"\nb="2"\ndownward\ntwo');
    });

    it('expand variables from earlier ones, and take them from Secrets and fields', async () => {
      await ns().create(secrets, {
        metadata: { name: 'values' },
        stringData: { token: 'a$(NAME)b', 'not-a-name': 'odd' },
      });
      const env = [
        { name: 'NAME', valueFrom: { fieldRef: { fieldPath: 'metadata.name' } } },
        { name: 'NODE', valueFrom: { fieldRef: { fieldPath: 'spec.nodeName' } } },
        { name: 'TOKEN', valueFrom: { secretKeyRef: { name: 'values', key: 'token' } } },
        { name: 'ABSENT', valueFrom: { secretKeyRef: { name: 'values', key: 'no', optional: true } } },
        { name: 'BOTH', value: '$(TOKEN)-$(LATER)-$$(NAME)-$(NAME)' },
        { name: 'LATER', value: 'later' },
        { name: 'TWICE', value: 'first' },
        { name: 'TWICE', value: 'second' },
        { name: 'EMPTY' },
      ];
      const script = [
        'echo "$NAME $NODE"',
        'echo "$TOKEN"',
        'echo "$BOTH"',
        'echo "$TWICE ${EMPTY-unset} ${ABSENT-unset} $ALL_token"',
        'echo "$1"',
        'echo $(NAME) $$(NAME)x $(UNKNOWN_NAME)x',
      ].join('\n');
      const container = shell('', {
        command: ['/bin/sh', '-c', `NAME() { echo called; }; UNKNOWN_NAME() { :; }\n${script}`, 'sh'],
        args: ['$(NODE)/$(NAME)/$(NONE)/$$(NAME)'],
        env,
        envFrom: [{ prefix: 'ALL_', secretRef: { name: 'values' } }],
      });
      await ns().run(contractPod(ns(), 'variables', [container]));
      const node = ns().nodeName;
      expect((await ns().printed('variables')).split('\n')).toEqual([
        `variables ${node}`,
        'a$(NAME)b',
        'a$(NAME)b-$(LATER)-$(NAME)-variables',
        'second  unset a$(NAME)b',
        `${node}/variables/$(NONE)/$(NAME)`,
        'variables calledx x',
        '',
      ]);
    });

    it('start in the working folder, and with the name of the Pod as host name', async () => {
      const volumeMounts = [{ name: 'ws', mountPath: '/ws' }];
      const script = 'echo x > here; cat /ws/deep/here; echo "$HOSTNAME"';
      const container = shell(script, { workingDir: '/ws/deep', volumeMounts });
      const volumes = [{ name: 'ws', emptyDir: {} }];
      await ns().run(contractPod(ns(), 'folder', [container], { volumes }));
      expect(await ns().printed('folder')).toBe('x\nfolder\n');
    });
  });
}
