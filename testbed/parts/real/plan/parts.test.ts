import { describe, expect, it } from 'vitest';
import { folderName, goBuildArguments, partNamed, parts, partsNamed, stagingReplacements } from './parts.ts';

describe('partsNamed', () => {
  const cases: Readonly<
    Record<string, { readonly names: readonly string[]; readonly want: readonly string[] }>
  > = {
    'without names: all that up needs, not helm and karpenter': {
      names: [],
      want: ['etcd', 'kubernetes', 'containerd', 'kwok'],
    },
    'a program means its part, once': { names: ['kubelet', 'kubectl'], want: ['kubernetes'] },
    'in building order, not in the order asked': {
      names: ['karpenter', 'helm'],
      want: ['helm', 'karpenter'],
    },
  };
  it.each(Object.entries(cases))('%s', (_, { names, want }) => {
    expect(partsNamed(names).map(({ name }) => name)).toEqual(want);
  });

  it('names the unknown and the known', () => {
    expect(() => partsNamed(['etcd', 'kind'])).toThrow(/unknown part kind; known: etcd, kubernetes/);
  });
});

describe('goBuildArguments', () => {
  it('sets the version of Kubernetes, which kubectl and helm must be able to parse', () => {
    const kubernetes = partNamed('kubernetes');
    const [program] = kubernetes.programs;
    if (program === undefined) throw new Error('no program');

    const args = goBuildArguments(kubernetes, program, '/out');

    expect(args.join(' ')).toContain('-X k8s.io/component-base/version.gitVersion=v1.34.4');
    expect(args.slice(-3)).toEqual(['-o', '/out', 'k8s.io/kubernetes/cmd/kube-apiserver']);
    expect(args).not.toContain('-tags');
  });

  it('builds containerd without btrfs', () => {
    const containerd = partNamed('containerd');

    expect(goBuildArguments(containerd, { name: 'ctr', goPackage: 'p' }, '/out')).toContain('no_btrfs');
  });
});

describe('stagingReplacements', () => {
  it('takes each staging module of the block, and neither other replacements nor requirements', () => {
    const goMod = [
      'require k8s.io/api v0.0.0',
      'replace (',
      '\tk8s.io/api => ./staging/src/k8s.io/api',
      '\tk8s.io/client-go => ./staging/src/k8s.io/client-go',
      '\texample.com/other => ./vendor/other',
      ')',
    ].join('\n');

    expect(stagingReplacements(goMod, 'v0.34.4')).toEqual([
      '-replace=k8s.io/api=k8s.io/api@v0.34.4',
      '-replace=k8s.io/client-go=k8s.io/client-go@v0.34.4',
    ]);
  });
});

it('every part has a folder of its own, with its version in the name', () => {
  const folders = parts.map(folderName);

  expect(new Set(folders).size).toBe(parts.length);
  expect(folders).toContain('containerd-v2.4.2');
});
