import { randomBytes } from 'node:crypto';
import { systemClock } from '@hangar/shared/clock';
import { RESOURCE, type Resource } from '@hangar/shared/kubernetes/cluster';
import { type Connection, connectByText } from '@hangar/shared/kubernetes/connection';
import { HttpCluster } from '@hangar/shared/kubernetes/http-cluster';
import type { KubernetesObject } from '@kubernetes/client-node';
import { until } from '../../parts/until.ts';

const ACCOUNTS: Resource = { base: '/api/v1', plural: 'serviceaccounts' };
const PATIENCE_MS = 60_000;

/** A namespace of the real cluster for one test or bench alone: it has no other Pods, and is deleted with all that is left in it. */
export class OwnNamespace {
  readonly name: string;
  /** The cluster with an admin's rights, until the namespace is removed. */
  readonly admin: HttpCluster;
  readonly #connection: Connection;
  /** What is done here is ended by no signal. */
  readonly #never = new AbortController().signal;

  private constructor(name: string, connection: Connection) {
    this.name = name;
    this.#connection = connection;
    this.admin = new HttpCluster(systemClock(), connection);
  }

  /** Makes it, and resolves when it takes Pods; its name is `prefix` and some random letters. */
  static async make(
    adminKubeconfig: string,
    prefix: string,
    labels: Readonly<Record<string, string>> = {},
  ): Promise<OwnNamespace> {
    const name = `${prefix}-${randomBytes(3).toString('hex')}`;
    const made = new OwnNamespace(name, await connectByText(adminKubeconfig));
    const namespace = { metadata: { name, labels: { ...labels } } };
    await made.admin.create({ resource: RESOURCE.namespaces }, namespace, made.#never);
    // Without its account a Pod is refused.
    const account = { resource: ACCOUNTS, namespace: name, name: 'default' };
    await until(`the account of the namespace ${name}`, PATIENCE_MS, () =>
      made.admin.get(account, made.#never),
    );
    return made;
  }

  /** Makes an object in it. */
  create<T extends KubernetesObject>(resource: Resource, object: T): Promise<T> {
    return this.admin.create<T>({ resource, namespace: this.name }, object, this.#never);
  }

  /** Requests its deletion, and doesn't wait for it: that takes some seconds. */
  async remove(): Promise<void> {
    const { admin, name } = this;
    // Not with the timeouts that the Pods' own steps need.
    await admin.remove({ resource: RESOURCE.pods, namespace: name }, { gracePeriodSeconds: 0 }, this.#never);
    await admin.remove({ resource: RESOURCE.namespaces, name }, {}, this.#never);
    await this.#connection.close();
  }
}
