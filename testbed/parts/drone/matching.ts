import type { WireFilter, WireStage } from './wire.ts';

type StageSide = Pick<WireStage, 'kind' | 'type' | 'os' | 'arch' | 'variant' | 'kernel' | 'labels'>;

/** Whether a poll may be offered a stage (drone-rpc §7.2): kind and type, platform, labels must all hold. */
export function matches(stage: StageSide, filter: WireFilter): boolean {
  return (
    sameResource(stage, filter) && fitsPlatform(stage, filter) && sameLabels(stage.labels, filter.labels)
  );
}

function sameResource(stage: StageSide, filter: WireFilter): boolean {
  return (
    (stage.kind || 'pipeline') === (filter.kind || 'pipeline') &&
    (stage.type || 'docker') === (filter.type || 'docker')
  );
}

/** A poll that names no platform at all takes any. */
function fitsPlatform(stage: StageSide, filter: WireFilter): boolean {
  if (filter.os === '' && filter.arch === '' && filter.variant === '' && filter.kernel === '') return true;
  return (
    stage.os === filter.os &&
    stage.arch === filter.arch &&
    (stage.variant === '' || stage.variant === filter.variant) &&
    (stage.kernel === '' || stage.kernel === filter.kernel)
  );
}

/** The maps must be identical; a subset is not enough, in either direction. */
function sameLabels(
  stage: Readonly<Record<string, string>>,
  filter: Readonly<Record<string, string>>,
): boolean {
  const names = Object.keys(stage);
  return names.length === Object.keys(filter).length && names.every((name) => filter[name] === stage[name]);
}

/** The stages that may be dealt out now, oldest first (drone-rpc §7.1, §7.3). */
export function candidates(stages: readonly WireStage[]): WireStage[] {
  const open = stages
    .filter((stage) => stage.status === 'pending' || stage.status === 'running')
    .sort((a, b) => a.id - b.id);
  return open.filter(
    (stage) =>
      stage.status === 'pending' &&
      stage.machine === '' &&
      withinLimit(stage, open) &&
      withinThrottle(stage, open),
  );
}

function withinLimit(stage: WireStage, open: readonly WireStage[]): boolean {
  if (stage.limit === 0) return true;
  const rivals = open.filter(
    (other) =>
      other.id !== stage.id &&
      other.repo_id === stage.repo_id &&
      other.name === stage.name &&
      (other.id < stage.id || other.status === 'running'),
  );
  return rivals.length < stage.limit;
}

function withinThrottle(stage: WireStage, open: readonly WireStage[]): boolean {
  if (stage.throttle === 0) return true;
  const older = open.filter((other) => other.repo_id === stage.repo_id && other.id < stage.id);
  return older.length < stage.throttle;
}
