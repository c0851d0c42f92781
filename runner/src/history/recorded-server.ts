import type { LogLine } from '../pipeline/drone.ts';
import type { CiServer, StoredLog, Update } from '../ports/ci-server.ts';
import type { StageHistory } from './stage-history.ts';

/** The same server; what is reported to it is also kept for the dashboard, whether the server takes it or not. */
export function recordedServer(server: CiServer, history: StageHistory): CiServer {
  return {
    ping: (signal) => server.ping(signal),
    request: (filter, signal) => server.request(filter, signal),
    accept: (stageId, machine, signal) => server.accept(stageId, machine, signal),
    detail: async (stageId, signal, how) => {
      const detail = await server.detail(stageId, signal, how);
      history.described(detail);
      return detail;
    },
    updateStage: (stage, signal) => {
      history.stageReported(stage);
      return answered(server.updateStage(stage, signal), ({ steps }) => {
        // The ids of the steps come with the response to the start.
        if (stage.status === 'running') history.stageReported({ ...stage, steps });
      });
    },
    updateStep: (step, signal) => {
      history.stepReported(step);
      return server.updateStep(step, signal);
    },
    watch: (buildId, signal) => server.watch(buildId, signal),
    sendLines: (stepId, lines, signal) => {
      history.linesSent(stepId, lines);
      return server.sendLines(stepId, lines, signal);
    },
    // The live log of a short step may have been closed before its first batch.
    uploadLog: (stepId, log, signal) =>
      server.uploadLog(
        stepId,
        followed(log, (lines) => history.linesSent(stepId, lines)),
        signal,
      ),
    uploadCard: (stepId, card, signal) => server.uploadCard(stepId, card, signal),
  };
}

/** The same log; its parts are passed on while they are read. */
function followed(log: StoredLog, use: (lines: readonly LogLine[]) => void): StoredLog {
  return {
    async *[Symbol.asyncIterator]() {
      for await (const lines of log) {
        use(lines);
        yield lines;
      }
    },
  };
}

async function answered<T>(update: Promise<Update<T>>, use: (value: T) => void): Promise<Update<T>> {
  const result = await update;
  if (result.kind === 'updated') use(result.value);
  return result;
}
