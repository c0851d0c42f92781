import { describe, expect, it } from 'vitest';
import type { Pipeline, PipelineVolume } from '../pipeline/pipeline.ts';
import { PipelineError } from '../pipeline/pipeline-error.ts';
import { compile } from './compile.ts';
import type { CompileSettings } from './settings.ts';
import { aCompileInput, aPipeline, aPolicy, aStep, someSettings } from './testing/a-pipeline.ts';

/** Code, blame and text of a refusal; "compiled" if there is none. */
function refusal(pipeline: Partial<Pipeline>, settings: Partial<CompileSettings> = {}): readonly string[] {
  try {
    compile(aCompileInput({ pipeline: aPipeline(pipeline), settings: someSettings(settings) }));
    return ['compiled'];
  } catch (error) {
    return error instanceof PipelineError ? [error.code, error.blame, error.message] : [String(error)];
  }
}
const v = { name: 'v' };
const one = (volume: PipelineVolume): Partial<Pipeline> => ({ volumes: [volume] });
const global = (hostPath: string, containerPath: string) => ({
  globalVolumes: [{ hostPath, containerPath, readOnly: true }],
});
const mounting = (path: string, subPath: string): Partial<Pipeline> => ({
  volumes: [{ ...v, kind: 'temp', medium: '', sizeLimitBytes: 0 }],
  steps: [aStep({ volumes: [{ ...v, path, subPath }] })],
});

const device = (name: string, count: number): Partial<Pipeline> => ({
  steps: [aStep({ devices: { [name]: count } })],
});

describe('refusals for the author', () => {
  it.each<[string, Partial<Pipeline>, string]>([
    [
      'a host path with ..',
      one({ ...v, kind: 'host', path: '/a/../b' }),
      'volume "v": "/a/../b" cannot be a host path',
    ],
    [
      'a claim without a name',
      one({ ...v, kind: 'claim', claimName: '', readOnly: false }),
      'volume "v": ""',
    ],
    [
      'a config map with an invalid name',
      one({ ...v, kind: 'config_map', configMapName: 'A', defaultMode: undefined, optional: false }),
      'volume "v": "A"',
    ],
    [
      'a mode out of range',
      one({ ...v, kind: 'secret', secretName: 's', defaultMode: 4096, optional: false }),
      'default_mode 4096',
    ],
    ['a mount without a path', mounting('', ''), 'cannot mount a volume at ""'],
    ['a mount path with a colon', mounting('/a:ro', ''), 'cannot mount a volume at "/a:ro"'],
    ['a sub path with ..', mounting('/a', '../b'), 'sub_path "../b"'],
    ['a negative user id', { steps: [aStep({ user: -1 })] }, 'user -1'],
    ['a group id above the limit of Linux', { steps: [aStep({ group: 2 ** 31 })] }, 'group 2147483648'],
    [
      'an invalid service account name',
      { serviceAccountName: 'My Account' },
      'service_account_name "My Account"',
    ],
    ['an invalid priority class', { priorityClassName: 'High!' }, 'priority_class_name "High!"'],
    ['an invalid runtime class', { runtimeClassName: 'g visor' }, 'runtime_class_name "g visor"'],
    [
      'an unknown DNS policy',
      { dnsPolicy: 'clusterfirst' },
      'dns_policy "clusterfirst" must be one of ClusterFirst, Default',
    ],
    ['a DNS policy that needs a server', { dnsPolicy: 'None' }, 'None needs a nameserver in dns_config'],
    ['a resource of Kubernetes itself', device('kubernetes.io/gpu', 1), '"kubernetes.io/gpu" cannot be'],
    ['a resource with an invalid name', device('nvidia.com/g pu', 1), '"nvidia.com/g pu" cannot be'],
    [
      'a negative number of a resource',
      device('nvidia.com/gpu', -1),
      'nvidia.com/gpu must be a whole number',
    ],
    [
      'more requested ephemeral storage than the limit',
      { steps: [aStep({ storage: { requestBytes: 2, limitBytes: 1 } })] },
      'the request of ephemeral_storage exceeds its limit',
    ],
    [
      'a nameless step, by its line',
      { steps: [aStep({ name: '', line: 12, user: -1 })] },
      'the nameless step in line 12',
    ],
    [
      'annotations that are too large',
      { metadata: { namespace: '', labels: {}, annotations: { a: 'x'.repeat(200_000) } } },
      'shorten metadata.annotations',
    ],
  ])('%s', (_sentence, pipeline, want) => {
    expect(refusal(pipeline)).toEqual([
      expect.stringMatching(/^invalid-pipeline|^pipeline-too-large/),
      'pipeline',
      expect.stringContaining(want),
    ]);
  });

  it('an invalid image name', () => {
    expect(refusal({ steps: [aStep({ image: 'Golang:1.25' })] })).toEqual([
      'invalid-image',
      'pipeline',
      expect.stringContaining('"Golang:1.25" is not a valid image name'),
    ]);
  });
});

describe('refusals for the operator', () => {
  it.each<[string, Partial<CompileSettings>, string]>([
    ['a global volume with an empty path', global('', '/a'), 'DRONE_RUNNER_VOLUMES, entry 1'],
    ["a global volume in the gate's place", global('/a', '/hangar/bin'), 'DRONE_RUNNER_VOLUMES'],
    ['an invalid default namespace', { defaultNamespace: 'Builds' }, 'DRONE_NAMESPACE_DEFAULT'],
    ['invalid default labels', { defaultLabels: { 'a b': '' } }, 'DRONE_LABELS_DEFAULT'],
    ['invalid default annotations', { defaultAnnotations: { 'a b': '' } }, 'DRONE_ANNOTATIONS_DEFAULT'],
    [
      'a policy with an invalid namespace',
      { policies: [aPolicy({ name: 'x', namespace: 'A' })] },
      'policy "x", namespace',
    ],
  ])('%s', (_sentence, settings, want) => {
    expect(refusal({}, settings)).toEqual(['invalid-settings', 'operator', expect.stringContaining(want)]);
  });

  it('none, for a valid global volume', () => {
    expect(refusal({}, global('/var/cache', '/cache'))).toEqual(['compiled']);
  });
});
