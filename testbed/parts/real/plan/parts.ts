/** One thing that is built from the Go module proxy; `kubernetes` has five programs and one go.mod. */
export type PartName =
  | 'etcd'
  | 'kubernetes'
  | 'containerd'
  | 'kwok'
  | 'helm'
  | 'karpenter'
  | 'prometheus-operator'
  | 'gateway-api'
  | 'kyverno';

/** A program of a part: the name of the file that is made, and the Go package that it's made from. */
export interface GoProgram {
  readonly name: string;
  readonly goPackage: string;
}

/** The source of a part and how it is built. Each part has a go.mod of its own, since their needs differ. */
export interface Part {
  readonly name: PartName;
  readonly version: string;
  /** Module whose folder holds `assets`, and whose staging modules are replaced. */
  readonly module: string;
  readonly programs: readonly GoProgram[];
  readonly tags: readonly string[];
  /** Values set in the program by `-X name=value`. */
  readonly variables: Readonly<Record<string, string>>;
  /** Version that each `k8s.io/… => ./staging/…` line of the module's go.mod is replaced by. */
  readonly stagingVersion: string | undefined;
  /** Folders of the module that are copied beside the programs, by the name they get there. */
  readonly assets: Readonly<Record<string, string>>;
  /** How long its build takes on two cores that do nothing else, with Go's caches empty before the first part. */
  readonly twoCoresSeconds: number;
  /** Whether `up` needs it; the others are built on request. */
  readonly use: 'cluster' | 'on request';
}

const plain = { tags: [], variables: {}, stagingVersion: undefined, assets: {} } as const;

const kubernetesProgram = (name: string): GoProgram => ({ name, goPackage: `k8s.io/kubernetes/cmd/${name}` });

const containerdProgram = (name: string): GoProgram => ({
  name,
  goPackage: `github.com/containerd/containerd/v2/cmd/${name}`,
});

/** All parts in the order they are built (testbed §1). */
export const parts: readonly Part[] = [
  {
    ...plain,
    name: 'etcd',
    version: 'v3.6.7',
    module: 'go.etcd.io/etcd/server/v3',
    programs: [{ name: 'etcd', goPackage: 'go.etcd.io/etcd/server/v3' }],
    twoCoresSeconds: 24,
    use: 'cluster',
  },
  {
    ...plain,
    name: 'kubernetes',
    version: 'v1.34.4',
    module: 'k8s.io/kubernetes',
    programs: ['kube-apiserver', 'kube-scheduler', 'kube-controller-manager', 'kubelet', 'kubectl'].map(
      kubernetesProgram,
    ),
    // Without these the server calls itself v0.0.0-master+$Format:%H$, which kubectl and helm can't parse.
    variables: {
      'k8s.io/component-base/version.gitVersion': 'v1.34.4',
      'k8s.io/component-base/version.gitMajor': '1',
      'k8s.io/component-base/version.gitMinor': '34',
    },
    stagingVersion: 'v0.34.4',
    twoCoresSeconds: 350,
    use: 'cluster',
  },
  {
    ...plain,
    name: 'containerd',
    version: 'v2.4.2',
    module: 'github.com/containerd/containerd/v2',
    programs: ['containerd', 'containerd-shim-runc-v2', 'ctr'].map(containerdProgram),
    tags: ['no_btrfs'],
    variables: { 'github.com/containerd/containerd/v2/version.Version': 'v2.4.2' },
    twoCoresSeconds: 93,
    use: 'cluster',
  },
  {
    ...plain,
    name: 'kwok',
    version: 'v0.8.0',
    module: 'sigs.k8s.io/kwok',
    programs: [{ name: 'kwok', goPackage: 'sigs.k8s.io/kwok/cmd/kwok' }],
    assets: { stages: 'kustomize/stage' },
    twoCoresSeconds: 40,
    use: 'cluster',
  },
  {
    ...plain,
    name: 'helm',
    version: 'v4.3.1',
    module: 'helm.sh/helm/v4',
    programs: [{ name: 'helm', goPackage: 'helm.sh/helm/v4/cmd/helm' }],
    variables: { 'helm.sh/helm/v4/internal/version.version': 'v4.3.1' },
    twoCoresSeconds: 140,
    use: 'on request',
  },
  {
    ...plain,
    name: 'karpenter',
    version: 'v1.14.1',
    module: 'sigs.k8s.io/karpenter',
    programs: [{ name: 'karpenter-kwok', goPackage: 'sigs.k8s.io/karpenter/kwok' }],
    assets: { crds: 'pkg/apis/crds', 'kwok-crds': 'kwok/apis/crds', examples: 'kwok/examples' },
    twoCoresSeconds: 156,
    use: 'on request',
  },
  {
    // Only its kinds, for the chart's ServiceMonitors and PrometheusRules.
    ...plain,
    name: 'prometheus-operator',
    version: 'v0.85.0',
    module: 'github.com/prometheus-operator/prometheus-operator',
    programs: [],
    assets: { crds: 'example/prometheus-operator-crd' },
    twoCoresSeconds: 5,
    use: 'on request',
  },
  {
    // Only its kinds, for the chart's HTTPRoutes.
    ...plain,
    name: 'gateway-api',
    version: 'v1.6.3',
    module: 'sigs.k8s.io/gateway-api',
    programs: [],
    assets: { crds: 'config/crd/standard' },
    twoCoresSeconds: 5,
    use: 'on request',
  },
  {
    // Only its kinds, for the sample of an admission policy in docs/threat-model.md.
    ...plain,
    name: 'kyverno',
    version: 'v1.19.1',
    module: 'github.com/kyverno/kyverno',
    programs: [],
    assets: { crds: 'config/crds/policies.kyverno.io' },
    twoCoresSeconds: 10,
    use: 'on request',
  },
];

/** The part of that name. */
export function partNamed(name: PartName): Part {
  const part = parts.find((candidate) => candidate.name === name);
  if (part === undefined) throw new Error(`no part is called ${name}`);
  return part;
}

/**
 * Parts that a person means by part or program names, each once, in building order; no names means all that `up`
 * needs. Throws with the known names when one is unknown.
 */
export function partsNamed(names: readonly string[]): readonly Part[] {
  if (names.length === 0) return parts.filter((part) => part.use === 'cluster');
  const meets = (part: Part, name: string) =>
    part.name === name || part.programs.some((program) => program.name === name);
  const unknown = names.filter((name) => !parts.some((part) => meets(part, name)));
  if (unknown.length > 0) {
    const known = parts.map((part) => part.name).join(', ');
    throw new Error(`unknown part ${unknown.join(', ')}; known: ${known}, or one of their programs`);
  }
  return parts.filter((part) => names.some((name) => meets(part, name)));
}

/** Name of a part's folder in the cache: a new version never meets an old one's files. */
export const folderName = (part: Part): string => `${part.name}-${part.version}`;

/** Arguments of `go build` for one program, written to `output`. */
export function goBuildArguments(part: Part, program: GoProgram, output: string): readonly string[] {
  const settings = Object.entries(part.variables).map(([name, value]) => `-X ${name}=${value}`);
  return [
    'build',
    '-trimpath',
    ...(part.tags.length > 0 ? ['-tags', part.tags.join(',')] : []),
    '-ldflags',
    ['-s', '-w', ...settings].join(' '),
    '-o',
    output,
    program.goPackage,
  ];
}

/** Arguments of `go mod edit` that replace each staging module named in a go.mod by its published version. */
export function stagingReplacements(goMod: string, version: string): readonly string[] {
  const modules = [...goMod.matchAll(/^\s*(?:replace\s+)?(\S+)\s+=>\s+\.\/staging\//gm)];
  return modules.map(([, module]) => `-replace=${module}=${module}@${version}`);
}
