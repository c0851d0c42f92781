import { isRecord } from '@hangar/shared/json';
import type { KubernetesObject } from '@kubernetes/client-node';
import { parseAllDocuments } from 'yaml';
import { isBuilt } from '../../parts/real/build.ts';
import { attempt, type CommandResult, runOrThrow } from '../../parts/real/command.ts';
import { type Layout, programPath } from '../../parts/real/plan/layout.ts';
import { partNamed } from '../../parts/real/plan/parts.ts';

/** The chart, from this file. */
export const CHART = new URL('../../../charts/hangar', import.meta.url).pathname;

/** Values as Helm reads them from a file. */
export type ChartValues = Readonly<Record<string, unknown>>;

/** The minimal values of the chart. */
export const LEAST: ChartValues = {
  image: { registry: 'registry.acme.test/ci' },
  runner: { rpcSecret: { existingSecret: 'drone-rpc' }, config: { DRONE_RPC_HOST: 'drone.acme.test' } },
};

/** Values laid over others, maps into each other, as Helm does with several files. Pure. */
export function laidOver(below: ChartValues, above: ChartValues): ChartValues {
  const merged = Object.entries(above).map(([key, value]) => {
    const under = below[key];
    return [key, isRecord(under) && isRecord(value) ? laidOver(under, value) : value] as const;
  });
  return { ...below, ...Object.fromEntries(merged) };
}

/** The rendered objects of a kind. Pure. */
export const ofKind = <T extends KubernetesObject>(
  objects: readonly KubernetesObject[],
  kind: string,
): readonly T[] => objects.filter((one): one is T => one.kind === kind);

/** Real Helm, for one kubeconfig (none: what needs no cluster). */
export class Helm {
  readonly #program: string;
  readonly #kubeconfig: string | undefined;

  private constructor(program: string, kubeconfig: string | undefined) {
    this.#program = program;
    this.#kubeconfig = kubeconfig;
  }

  /** @throws with the command that builds Helm when the cache lacks it */
  static async open(layout: Layout, kubeconfig?: string): Promise<Helm> {
    if (!(await isBuilt(layout, partNamed('helm'))))
      throw new Error('Helm is not built: npm run testbed -- build helm');
    return new Helm(programPath(layout, 'helm', 'helm'), kubeconfig);
  }

  /** Its output; throws with its message when it fails. */
  run(args: readonly string[], values?: ChartValues): Promise<string> {
    return runOrThrow(...this.#call(args, values));
  }

  /** The objects of a manifest. @throws for YAML with errors, such as a key that an object has twice: Helm accepts it, others refuse it */
  static objectsOf(manifest: string): readonly KubernetesObject[] {
    return parseAllDocuments(manifest)
      .map((document) => {
        for (const error of document.errors) throw error;
        return document.toJS() as KubernetesObject | null;
      })
      .filter((one) => one !== null);
  }

  /** The objects of `helm template` in the namespace ci, with the minimal values below these. */
  async rendered(values: ChartValues, ...flags: readonly string[]): Promise<readonly KubernetesObject[]> {
    const text = await this.run(['template', 'hangar', CHART, '-n', 'ci', ...flags], laidOver(LEAST, values));
    return Helm.objectsOf(text);
  }

  /** What it leaves, failed or not. */
  attempt(args: readonly string[], values?: ChartValues): Promise<CommandResult> {
    return attempt(...this.#call(args, values));
  }

  #call(args: readonly string[], values: ChartValues | undefined): Parameters<typeof runOrThrow> {
    const environment = { ...process.env, KUBECONFIG: this.#kubeconfig ?? '/dev/null' };
    if (values === undefined) return [this.#program, args, { environment }];
    return [this.#program, [...args, '-f', '-'], { environment, input: JSON.stringify(values) }];
  }
}
