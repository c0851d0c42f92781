import type { V1KeyToPath, V1Secret, V1Volume } from '@kubernetes/client-node';
import { refuse } from './refuse.ts';
import { VOLUME } from './volumes.ts';

/** One entry of the stage's Secrets. */
export interface SecretEntry {
  readonly key: string;
  /** Path in the volume `hangar-files`; undefined = not mounted. */
  readonly path: string | undefined;
  readonly content: string;
}

/** When a Secret reaches this size, the next entry starts another one; the limit of Kubernetes is 1 MiB. */
const FULL_BYTES = 900 * 1024;
const LARGEST_BYTES = 1024 * 1024 - 1024;

/** The entries of one Secret. */
export interface PackedSecret {
  readonly name: string;
  readonly entries: readonly SecretEntry[];
}

const sizeOf = ({ key, content }: SecretEntry): number => Buffer.byteLength(key) + Buffer.byteLength(content);

const checkedSize = (entry: SecretEntry): number => checkedEntry(entry.key, sizeOf(entry));

/** Throws a PipelineError for an entry of so many bytes that is too large for a Secret; else returns them. */
export function checkedEntry(key: string, bytes: number): number {
  if (bytes <= LARGEST_BYTES) return bytes;
  return refuse(
    'pipeline-too-large',
    `${key} of this stage would have ${bytes} bytes, and Kubernetes keeps at most ${LARGEST_BYTES} in a Secret; shorten the step's commands or variables, or keep long scripts in the repository`,
  );
}

/**
 * Packs entries into as few Secrets as their order allows, 900 KiB each; the first entry is always in the first Secret (gate §1).
 * Throws PipelineError for an entry that is too large for a Secret.
 */
export function packSecrets(entries: readonly SecretEntry[], podName: string): readonly PackedSecret[] {
  const packed: { name: string; entries: SecretEntry[] }[] = [{ name: podName, entries: [] }];
  let filled = 0;
  for (const entry of entries) {
    const bytes = checkedSize(entry);
    if (filled > 0 && filled + bytes > FULL_BYTES) {
      packed.push({ name: `${podName}-${packed.length + 1}`, entries: [] });
      filled = 0;
    }
    packed.at(-1)?.entries.push(entry);
    filled += bytes;
  }
  return packed;
}

/** A packed Secret as an API object. It is immutable, so the kubelet need not watch it. */
export function toSecret(
  { name, entries }: PackedSecret,
  namespace: string,
  labels: Readonly<Record<string, string>>,
): V1Secret {
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    type: 'Opaque',
    immutable: true,
    metadata: { name, namespace, labels: { ...labels } },
    data: Object.fromEntries(
      entries.map(({ key, content }) => [key, Buffer.from(content).toString('base64')]),
    ),
  };
}

function itemsOf({ entries }: PackedSecret): V1KeyToPath[] {
  return entries.flatMap(({ key, path }) => (path === undefined ? [] : [{ key, path }]));
}

/** The volume with a folder for common files and one per gated step. */
export function filesVolume(packed: readonly PackedSecret[]): V1Volume {
  const mounted = packed
    .map((secret) => ({ name: secret.name, items: itemsOf(secret) }))
    .filter(({ items }) => items.length > 0);
  const [first] = mounted;
  if (mounted.length === 1 && first !== undefined) {
    return { name: VOLUME.files, secret: { secretName: first.name, items: first.items } };
  }
  return { name: VOLUME.files, projected: { sources: mounted.map((secret) => ({ secret })) } };
}
