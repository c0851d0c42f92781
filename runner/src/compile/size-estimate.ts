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
const bytesOfAll = (variables: Variables): number =>
  sum([...variables].map(([name, value]) => bytesOf(name, value)));

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

/** Throws a PipelineError if commands, variables and secrets of all steps are too much together, or the values to mask. */
export function checkSecretsEstimate(steps: Steps): void {
  checkedEntry(MASKS_KEY, sum(steps.flatMap(({ masks }) => masks.map((value) => Buffer.byteLength(value)))));
  const bytes = sum(
    steps.map(({ start, plain, secret }) => {
      const files = start.engine === 'swap' ? 0 : bytesOfAll(plain) + Buffer.byteLength(start.script ?? '');
      return files + bytesOfAll(secret);
    }),
  );
  if (bytes > LARGEST_SECRETS)
    refuse(
      'pipeline-too-large',
      `commands, variables and secrets of all steps would have ${bytes} bytes together, and at most ${LARGEST_SECRETS} are possible; give large secrets to fewer variables, or split the pipeline with depends_on`,
      ['steps'],
    );
}
