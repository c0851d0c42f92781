import { readFile } from 'node:fs/promises';
import { type Feature, type Right, rightsOf, rulesOf } from '@hangar/autoscaler/permissions';
import { type Api, adminApi, expectStatus } from '../../parts/real/kubernetes.ts';
import type { Layout } from '../../parts/real/plan/layout.ts';
import { statePaths } from '../../parts/real/plan/layout.ts';
import { kubeconfig } from '../../parts/real/plan/settings.ts';

const RBAC = '/apis/rbac.authorization.k8s.io/v1';
const YEAR_S = 365 * 24 * 3600;
const NAME = 'hangar-autoscaler';

/** Where rights that are no matter of the whole cluster are needed. */
const namespacesOf = ({ where }: Right, namespace: string): readonly string[] =>
  where === 'events' ? ['default', namespace] : [namespace];

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
    features: ReadonlySet<Feature>,
  ): Promise<AutoscalerAccount> {
    const api = await adminApi(layout);
    const made: string[] = [];
    const create = async (path: string, kind: string, object: object): Promise<void> => {
      const body = { apiVersion: 'rbac.authorization.k8s.io/v1', kind, ...object };
      expectStatus(await api('POST', path, body), [201], `${kind} of the autoscaler`);
      made.push(path);
    };
    const accounts = `/api/v1/namespaces/${namespace}/serviceaccounts`;
    const account = { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: NAME } };
    expectStatus(await api('POST', accounts, account), [201], 'the account of the autoscaler');
    const subjects = [{ kind: 'ServiceAccount', name: NAME, namespace }];
    const metadata = { name: `${NAME}-${namespace}` };
    const bind = async (
      place: string,
      kind: 'Role' | 'ClusterRole',
      rights: readonly Right[],
    ): Promise<void> => {
      const plural = kind === 'Role' ? 'role' : 'clusterrole';
      const roleRef = { apiGroup: 'rbac.authorization.k8s.io', kind, name: metadata.name };
      await create(`${place}/${plural}s`, kind, { metadata, rules: rulesOf(rights) });
      await create(`${place}/${plural}bindings`, `${kind}Binding`, { metadata, roleRef, subjects });
    };
    const rights = rightsOf(features);
    await bind(
      RBAC,
      'ClusterRole',
      rights.filter(({ where }) => where === 'cluster'),
    );
    for (const place of ['default', namespace])
      await bind(
        `${RBAC}/namespaces/${place}`,
        'Role',
        rights.filter((right) => right.where !== 'cluster' && namespacesOf(right, namespace).includes(place)),
      );
    const path = `${accounts}/${NAME}/token`;
    const answer = await api('POST', path, { spec: { expirationSeconds: YEAR_S } });
    const { body } = expectStatus(answer, [201], 'a token of the autoscaler');
    const { status } = JSON.parse(body) as { status: { token: string } };
    const authority = await readFile(`${statePaths(layout).keys}/ca.crt`, 'utf8');
    const names = made.map((one) => `${one}/${metadata.name}`);
    return new AutoscalerAccount(api, names, kubeconfig(status.token, authority, namespace));
  }

  /** What isn't in the test's own namespace would stay for ever. */
  async remove(): Promise<void> {
    for (const path of this.#made) await this.#api('DELETE', path);
  }
}
