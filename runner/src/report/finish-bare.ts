import type { Clock } from '@hangar/shared/clock';
import type { Logger } from '@hangar/shared/logger';
import type { DroneStage } from '../pipeline/drone.ts';
import type { CiServer } from '../ports/ci-server.ts';

const INFRASTRUCTURE = 255;

/**
 * Ends a stage of which no step ran (drone-rpc-spec §4.5): one PUT without steps. A conflict means that the server has ended it
 * already. Never rejects: what can't be told is said in our own log.
 */
export async function finishBare(
  parts: { clock: Clock; ciServer: CiServer; log: Logger },
  stage: DroneStage,
  end: {
    status: 'killed' | 'error';
    text: string;
    started:
      | { firstLog: { note(text: string): void; finish(signal: AbortSignal): Promise<unknown> } | undefined }
      | undefined;
  },
): Promise<void> {
  const nowSeconds = Math.floor(parts.clock.now() / 1000);
  const { signal } = new AbortController();
  if (end.text) end.started?.firstLog?.note(end.text);
  await end.started?.firstLog?.finish(signal);
  try {
    const exitCode = end.status === 'error' ? INFRASTRUCTURE : 0;
    const whole = {
      ...stage,
      status: end.status,
      error: end.text,
      exitCode,
      started: stage.started || nowSeconds,
      stopped: nowSeconds,
      steps: [],
    };
    const update = await parts.ciServer.updateStage(whole, signal);
    parts.log.info(
      { stageId: stage.id, status: end.status, reported: update.kind },
      'the stage has ended before its steps',
    );
  } catch (error) {
    parts.log.error({ err: error, stageId: stage.id }, 'the end of a stage could not be reported');
  }
}
