import { decodeList, parseGoJson } from './go-json.ts';
import { WIRE_SHAPES, type WireStage, type WireStageUpdate } from './wire.ts';

/** What is wrong with an uploaded log, which the real server would store all the same (drone-rpc §2.8); empty if nothing. */
export function complaintsAboutUpload(stepId: number, body: Buffer): string[] {
  const place = `uploaded log of step ${stepId}`;
  try {
    const value = parseGoJson(body.toString());
    if (!Array.isArray(value)) return [`${place} is not a JSON array: the UI cannot show it`];
    const lines = decodeList(value, WIRE_SHAPES.line, 'Line');
    const fallen = lines.findIndex((line, index) => line.pos <= (lines[index - 1]?.pos ?? -1));
    return fallen === -1 ? [] : [`${place}: pos does not rise at line ${fallen}`];
  } catch (error) {
    return [`${place}: ${String(error)}`];
  }
}

/** What is wrong with the steps of a start, which the real server would mostly take (drone-rpc §2.4). */
export function complaintsAboutStart(update: WireStageUpdate): string[] {
  return update.steps.flatMap((step) => {
    const place = `start of stage ${update.id}, step ${step.name || '(no name)'}`;
    return [
      ...(step.number < 1 ? [`${place}: number ${step.number}, they start at 1`] : []),
      ...(step.step_id === update.id ? [] : [`${place}: step_id ${step.step_id} is not the stage's id`]),
      ...(step.status === 'running' && step.started === 0 ? [`${place}: running without started`] : []),
    ];
  });
}

/** What is wrong with a finish, which the real server would take as it is: a PUT replaces the times too (drone-rpc §2.4). */
export function complaintsAboutFinish(update: WireStageUpdate, row: WireStage | undefined): string[] {
  const place = `finish of stage ${update.id}`;
  const began = row?.started ?? 0;
  if (update.started === 0) return [`${place}: started is 0, so that the UI shows no duration`];
  if (began !== 0 && began !== update.started)
    return [`${place}: started is ${update.started}, and the start had reported ${began}`];
  return [];
}
