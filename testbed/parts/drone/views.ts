import { isDone } from './status.ts';
import type { BuildStore, SeenTimes } from './store.ts';
import type { Streams } from './streams.ts';
import type { WireBuild, WireLine, WireRepo, WireStage, WireStep } from './wire.ts';

/** Times of the server's own clock. */
export interface Seen {
  readonly times: SeenTimes;
}

/** A stage with its steps as the server knows them now. */
export interface BuildStageView extends WireStage {
  readonly steps: readonly (WireStep & Seen)[];
  readonly times: SeenTimes;
}

/** A build with its repository and stages as the server knows them now. */
export interface BuildView extends WireBuild {
  readonly repo: WireRepo;
  readonly stages: readonly BuildStageView[];
  readonly times: SeenTimes;
}

/** A step's log: `stored` was uploaded, `live` is still in the server's memory, `none` is neither. */
export interface LogView {
  readonly source: 'stored' | 'live' | 'none';
  readonly lines: readonly WireLine[];
}

/** A frozen picture of a build; undefined if it is unknown or forgotten. */
export function viewBuild(store: BuildStore, buildId: number): BuildView | undefined {
  const build = store.build(buildId);
  const record = store.record(buildId);
  if (build === undefined || record === undefined) return undefined;
  const seen = <Row extends { readonly id: number }>(row: Row): Row & Seen => ({
    ...row,
    times: store.timesOf(row.id),
  });
  const stages = store
    .stagesOf(buildId)
    .map((stage) => ({ ...seen(stage), steps: store.stepsOf(stage.id).map(seen) }));
  return { ...seen(build), repo: record.repo, stages };
}

/** True when neither the build nor any of its stages will change any more. */
export function isBuildOver(build: BuildView): boolean {
  return isDone(build.status) && build.stages.every((stage) => isDone(stage.status));
}

/** The step of this name, in the named stage or in the first that has it. */
export function findStep(
  build: BuildView,
  stepName: string,
  stageName?: string,
): (WireStep & Seen) | undefined {
  // A start that is repeated inserts the steps once more, and those run.
  const last = ({ steps }: BuildView['stages'][number]) => steps.findLast((step) => step.name === stepName);
  return build.stages
    .filter((stage) => stageName === undefined || stage.name === stageName)
    .flatMap((stage) => last(stage) ?? [])
    .at(0);
}

/** The log of a step: the uploaded one if there is one, else what was streamed so far. */
export function viewLog(store: BuildStore, streams: Streams, stepId: number): LogView {
  const stored = store.uploadedLog(stepId);
  if (stored !== undefined) return { source: 'stored', lines: linesOf(stored) };
  const live = streams.lines(stepId);
  return live === undefined ? { source: 'none', lines: [] } : { source: 'live', lines: live };
}

/** What can't be read as lines shows as nothing, as it does in the real UI. */
function linesOf(stored: Buffer): readonly WireLine[] {
  try {
    const value: unknown = JSON.parse(stored.toString());
    return Array.isArray(value) ? (value as WireLine[]) : [];
  } catch {
    return [];
  }
}

/** The status of a build in one line; for error messages. */
export function describeBuild(build: BuildView): string {
  const stages = build.stages.map((stage) => {
    const steps = stage.steps.map((step) => `${step.name} ${step.status}`).join(', ');
    const error = stage.error === '' ? '' : ` "${stage.error}"`;
    return `${stage.name} ${stage.status}${error} [${steps}]`;
  });
  return `build ${build.id} ${build.status}: ${stages.join('; ')}`;
}
