import { readFile } from 'node:fs/promises';
import { type Right, rightsOf, rulesOf, type ServiceFeature } from '@hangar/autoscaler/permissions';
import { type Api, adminApi, expectStatus } from '../../parts/real/kubernetes.ts';
import { type Layout, statePaths } from '../../parts/real/plan/layout.ts';
import { kubeconfig } from '../../parts/real/plan/settings.ts';

const RBAC = '/apis/rbac.authorization.k8s.io/v1';
const YEAR_S = 365 * 24 * 3600;
const NAME = 'hangar-autoscaler';

/** Rights in a namespace; undefined: in the whole cluster. */
type Grant = readonly [namespace: string | undefined, rights: readonly Right[]];

/** A service account with exactly the rights of some features of the autoscaler, in a namespace of a test. */
export class AutoscalerAccount {
  readonly kubeconfig: string;
  readonly #api: Api;
  readonly #made: readonly string[];

  private constructor(api: Api, made: readonly string[], text: string) {
    this.#api = api;
    this.#made = made;
    this.kubeconfig = text;
  }

  static async make(
    layout: Layout,
    namespace: string,
    features: ReadonlySet<ServiceFeature>,
  ): Promise<AutoscalerAccount> {
    const rights = rightsOf(features);
    const grants: readonly Grant[] = [
      [undefined, rights.filter(({ where }) => where === 'cluster')],
      ['default', rights.filter(({ where }) => where === 'events')],
      [namespace, rights.filter(({ where }) => where !== 'cluster')],
    ];
    const api = await adminApi(layout);
    const made: string[] = [];
    const create = async (path: string, object: object): Promise<string> =>
      expectStatus(await api('POST', path, object), [201], `making an account at ${path}`).body;
    const accounts = `/api/v1/namespaces/${namespace}/serviceaccounts`;
    await create(accounts, { metadata: { name: NAME } });
    const subjects = [{ kind: 'ServiceAccount', name: NAME, namespace }];
    const metadata = { name: `${NAME}-${namespace}` };
    for (const [place, rights] of grants) {
      const kind = place === undefined ? 'ClusterRole' : 'Role';
      const base = `${RBAC}${place === undefined ? '' : `/namespaces/${place}`}/${kind.toLowerCase()}`;
      const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind, name: metadata.name };
      made.push(`${base}s/${metadata.name}`, `${base}bindings/${metadata.name}`);
      await create(`${base}s`, { metadata, rules: rulesOf(rights) });
      await create(`${base}bindings`, { metadata, roleRef, subjects });
    }
    const answer = await create(`${accounts}/${NAME}/token`, { spec: { expirationSeconds: YEAR_S } });
    const { status } = JSON.parse(answer) as { status: { token: string } };
    const authority = await readFile(`${statePaths(layout).keys}/ca.crt`, 'utf8');
    return new AutoscalerAccount(api, made, kubeconfig(status.token, authority, namespace));
  }

  /** What isn't in the test's own namespace would stay for ever. */
  async remove(): Promise<void> {
    for (const path of this.#made) await this.#api('DELETE', path);
  }
}
