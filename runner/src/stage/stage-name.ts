import { createHash } from 'node:crypto';
import { NAME_PREFIX } from '../pipeline/compiled.ts';
import type { StageDetail } from '../pipeline/drone.ts';

const LETTERS = 'abcdefghijklmnopqrstuvwxyz0123456789';
const LENGTH = 20;

/**
 * What the Pod of a stage is called, and the namespace that is made for it: the same whichever process makes them, so that the API server takes
 * only one. The times keep stages apart that have the same number in an earlier database of the server.
 */
export function stageName({ stage, build, repo, system }: StageDetail): string {
  const identity = [system.host, repo.slug, build.id, build.number, build.created, stage.id, stage.created];
  const digest = createHash('sha256').update(JSON.stringify(identity)).digest();
  return `${NAME_PREFIX}${[...digest.subarray(0, LENGTH)].map((byte) => LETTERS[byte % LETTERS.length]).join('')}`;
}
