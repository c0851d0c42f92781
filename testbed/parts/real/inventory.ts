import { setTimeout as pause } from 'node:timers/promises';
import { type Api, adminApi, expectStatus } from './kubernetes.ts';
import {
  INVENTORY_KINDS,
  type Inventory,
  type InventoryKind,
  inventoryOf,
  type Listed,
  leftBehind,
} from './plan/inventory.ts';
import type { Layout } from './plan/layout.ts';
import { findProcesses } from './process.ts';

const SHIM = 'containerd-shim-runc-v2';
/** A look is some thirty calls of the API. */
const LOOK_MS = 1_000;

async function listOf(
  api: Api,
  { name, path }: InventoryKind,
): Promise<readonly [string, readonly Listed[]]> {
  const { body } = expectStatus(await api('GET', path), [200], `listing ${path}`);
  return [name, (JSON.parse(body) as { readonly items: readonly Listed[] }).items];
}

/** What is in the running cluster now. */
export async function takeInventory(layout: Layout): Promise<Inventory> {
  const api = await adminApi(layout);
  const lists = await Promise.all(INVENTORY_KINDS.map((kind) => listOf(api, kind)));
  const shims = await findProcesses([SHIM], `${layout.state}/`);
  return inventoryOf(
    Object.fromEntries(lists),
    shims.map(({ pid }) => `process ${pid} of ${SHIM}`),
  );
}

/** Resolves when nothing is there that was not there before; rejects after the patience (in ms), naming what is. */
export async function awaitNothingLeft(layout: Layout, before: Inventory, patienceMs: number): Promise<void> {
  for (const end = Date.now() + patienceMs; ; await pause(LOOK_MS)) {
    const left = leftBehind(before, await takeInventory(layout));
    if (left.length === 0) return;
    if (Date.now() > end) throw new Error(`left behind in the cluster: ${left.join(', ')}`);
  }
}
