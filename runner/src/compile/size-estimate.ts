import { MASKS_KEY } from '../pipeline/compiled.ts';
import type { PlannedContainer } from './planned-container.ts';
import { checkPodBytes } from './pod-size.ts';
import { refuse } from './refuse.ts';
import { checkedEntry } from './secret-files.ts';

/**
 * Estimates before anything is built. The variables of the stage times its swapped steps, or one secret times all steps, can be a thousand
 * times what Kubernetes keeps: building that only to refuse it would take the memory of the whole runner.
 */

type Steps = readonly Pick<PlannedContainer, 'start' | 'plain' | 'secret' | 'masks' | 'step'>[];
type Variables = ReadonlyMap<string, string>;

/** JSON around name and value of a variable: `{"name":"","value":""},`. */
const VARIABLE_BYTES = 22;
/** JSON around name and path of a mount: `{"name":"","mountPath":""},`. */
const MOUNT_BYTES = 27;
/** All Secrets of a stage together: they are built, encoded and sent as a whole. */
const LARGEST_SECRETS = 16 * 1024 * 1024;

const bytesOf = (name: string, value: string): number =>
  Buffer.byteLength(name) + Buffer.byteLength(value) + VARIABLE_BYTES;

const sum = (numbers: readonly number[]): number => numbers.reduce((total, one) => total + one, 0);

/** What a swapped container has in the Pod besides the stage's variables; its own replace those of the same name. */
function ownBytes({ plain, secret }: Steps[number], ofStage: ReadonlyMap<string, number>): number {
  const values = new Map([...plain, ...[...secret.keys()].map((name) => [name, ''] as const)]);
  return sum([...values].map(([name, value]) => bytesOf(name, value) - (ofStage.get(name) ?? 0)));
}

/**
 * Throws a PipelineError for a Pod that is too large by its variables and mounts alone. Never more than its real size.
 *
 * @param common the variables that all swapped containers have
 */
export function checkPodEstimate(steps: Steps, common: Variables): void {
  const swapped = steps.filter(({ start }) => start.engine === 'swap');
  const ofStage = new Map([...common].map(([name, value]) => [name, bytesOf(name, value)] as const));
  const shared = sum([...ofStage.values()]) * swapped.length;
  const own = sum(swapped.map((step) => ownBytes(step, ofStage)));
  const mounts = sum(steps.map(({ step }) => step.volumes.length)) * MOUNT_BYTES;
  checkPodBytes(shared + own + mounts, { containers: steps.length, swapped: swapped.length });
}

/** Without looking at its characters, none of which has more than three bytes a code unit. */
const mostBytesOf = (text: string): number => text.length * 3;

function secretsSize(steps: Steps, sizeOf: (text: string) => number): number {
  let size = 0;
  for (const { start, plain, secret } of steps) {
    size += sizeOf(start.script ?? '');
    for (const variables of start.engine === 'gate' ? [plain, secret] : [secret])
      for (const [name, value] of variables) size += sizeOf(name) + sizeOf(value) + VARIABLE_BYTES;
  }
  return size;
}

/** Throws a PipelineError if commands, variables and secrets of all steps are too much together, or the values to mask. */
export function checkSecretsEstimate(steps: Steps): void {
  checkedEntry(MASKS_KEY, sum(steps.flatMap(({ masks }) => masks.map((value) => Buffer.byteLength(value)))));
  if (secretsSize(steps, mostBytesOf) <= LARGEST_SECRETS) return;
  const bytes = secretsSize(steps, (text) => Buffer.byteLength(text));
  if (bytes > LARGEST_SECRETS)
    refuse(
      'pipeline-too-large',
      `commands, variables and secrets of all steps would have ${bytes} bytes together, and at most ${LARGEST_SECRETS} are possible; give large secrets to fewer variables, or split the pipeline with depends_on`,
      ['steps'],
    );
}
