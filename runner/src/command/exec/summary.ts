import { EXIT, type ExitCode } from '@hangar/shared/program/exit-codes';
import { left, right, tableLines } from '@hangar/shared/program/table';
import type { DroneStage, DroneStep, Status } from '../../pipeline/drone.ts';
import type { LocalEnd, StepTimes } from './run-locally.ts';
import { type Screen, shown } from './screen.ts';

/** A run as text and as JSON report it. Durations in milliseconds; undefined if a step did not run. */
export interface RunReport {
  readonly pipeline: string;
  readonly status: Status;
  readonly error: string;
  readonly exitCode: ExitCode;
  readonly namespace: string;
  readonly pod: string;
  readonly durationMs: number;
  readonly steps: readonly StepReport[];
}

/** A step of a run. */
export interface StepReport {
  readonly number: number;
  readonly name: string;
  readonly image: string;
  readonly status: Status;
  readonly exitCode: number;
  readonly error: string;
  readonly durationMs?: number;
}

/** The result of a run. `interrupted`: by Ctrl-C. */
export function resultOf(
  { stage, conclusion, spans, durationMs }: Pick<LocalEnd, 'stage' | 'conclusion' | 'spans' | 'durationMs'>,
  about: { namespace: string; pod: string; interrupted: boolean; timeoutMs: number },
): RunReport {
  const { namespace, pod } = about;
  const error =
    conclusion?.kind === 'timed-out'
      ? `stopped after its time limit of ${seconds(about.timeoutMs)}`
      : stage.error;
  return {
    pipeline: stage.name,
    status: stage.status,
    error,
    exitCode: exitCodeOf(stage, about.interrupted),
    namespace,
    pod,
    durationMs: Math.round(durationMs),
    steps: stage.steps.map((step) => stepResult(step, spans.get(step.number))),
  };
}

/** A pipeline that ended before the interruption took effect keeps its own result. */
function exitCodeOf({ status }: DroneStage, interrupted: boolean): ExitCode {
  if (status === 'success') return EXIT.ok;
  return interrupted && status === 'killed' ? EXIT.interrupted : EXIT.failed;
}

function stepResult(step: DroneStep, span: StepTimes | undefined): StepReport {
  const { number, name, image, error, exitCode } = step;
  const status = step.status === 'pending' || step.status === 'running' ? 'skipped' : step.status;
  const ran = status !== 'skipped';
  const durationMs = span && span.endMs > span.startMs ? span.endMs - span.startMs : whole(step);
  return { number, name, image, status, exitCode, error, ...(ran ? { durationMs } : {}) };
}

/** In whole seconds, if no gate reported exact times. */
const whole = ({ started, stopped }: DroneStep): number => Math.max(0, stopped - started) * 1000;

/** The final table: step, status, exit code, duration; and a line for the whole run. */
export function summaryText(result: RunReport, screen: Screen): string {
  const rows = result.steps.map(({ name, status, exitCode, durationMs }) =>
    durationMs === undefined
      ? [shown(name), status]
      : [shown(name), status, String(exitCode), seconds(durationMs)],
  );
  const columns = [left('step'), left('status'), right('exit'), right('time')];
  const [head = '', ...lines] = tableLines(columns, rows);
  const painted = lines.map((line, nth) => screen.status(result.steps[nth]?.status ?? '', line));
  const table = rows.length === 0 ? [] : [screen.bold(head), ...painted, ''];
  return ['', ...table, endText(result, screen)].join('\n');
}

function endText({ pipeline, status, error, durationMs }: RunReport, screen: Screen): string {
  const text = `${shown(pipeline)}: ${status} after ${seconds(durationMs)}${error === '' ? '' : `: ${error}`}`;
  return screen.status(status, text);
}

/** `0.3 s`, `41 s`, `2 min 5 s`. */
export function seconds(ms: number): string {
  if (ms < 9_950) return `${(ms / 1000).toFixed(1)} s`;
  const all = Math.round(ms / 1000);
  if (all < 60) return `${all} s`;
  return `${Math.floor(all / 60)} min ${all % 60} s`;
}
