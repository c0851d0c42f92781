import { createHmac } from 'node:crypto';
import { NAME_PREFIX } from '../pipeline/compiled.ts';
import type { StageDetail } from '../pipeline/drone.ts';

const LETTERS = 'abcdefghijklmnopqrstuvwxyz0123456789';
const LENGTH = 20;

/**
 * The name of a stage's Pod, and of the namespace that is created for it. Every process computes the same name, so that the API server
 * accepts only one of them; nobody else can, so that nobody else can take the name first. The times distinguish stages that had the same
 * number in an earlier database of the server.
 *
 * @param key that only runners have
 */
export function stageName({ stage, build, repo, system }: StageDetail, key: Buffer): string {
  const identity = [system.host, repo.slug, build.id, build.number, build.created, stage.id, stage.created];
  const digest = createHmac('sha256', key).update(JSON.stringify(identity)).digest();
  return `${NAME_PREFIX}${[...digest.subarray(0, LENGTH)].map((byte) => LETTERS[byte % LETTERS.length]).join('')}`;
}
