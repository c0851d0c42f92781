import type { Netrc, StageDetail } from '../pipeline/drone.ts';
import type { Pipeline } from '../pipeline/pipeline.ts';
import { trustLevelOf } from '../restrict/trust-level.ts';
import { isOfCaches, type OrderedStep } from './order-steps.ts';
import { stepTitle } from './refuse.ts';
import type { CompileSettings } from './settings.ts';

interface CloneSources {
  readonly pipeline: Pick<Pipeline, 'clone'>;
  readonly detail: StageDetail;
  readonly settings: Pick<CompileSettings, 'netrcCloneOnly'>;
}

/**
 * The Git credentials of a step: every step has them, or with DRONE_NETRC_CLONE_ONLY the one that clones (previous-runner §4.10, known issue 24).
 * That is the built-in clone step, or a step called `clone` where the built-in one is disabled; not in a pull request of a fork,
 * since any step can have that name.
 */
export function cloneCredentials(
  { step, origin }: Pick<OrderedStep, 'step' | 'origin'>,
  { pipeline, detail, settings }: CloneSources,
): { readonly netrc: Netrc | undefined; readonly warnings: readonly string[] } {
  const { netrc } = detail;
  const none = { netrc: undefined, warnings: [] };
  if (netrc === undefined || netrc.machine === '' || isOfCaches(origin)) return none;
  const every = { netrc, warnings: [] };
  if (!settings.netrcCloneOnly || origin === 'clone') return every;
  if (origin !== 'step' || step.name !== 'clone' || !pipeline.clone.disable) return none;
  if (trustLevelOf(detail) !== 'fork') return every;
  const text = `${stepTitle(step)} has no Git credentials: with DRONE_NETRC_CLONE_ONLY, only the built-in clone step has them in pull requests of forks`;
  return { netrc: undefined, warnings: [text] };
}
