import { describe, expect, it } from 'vitest';
import { anEntry, changed } from '../metrics/testing/an-entry.ts';
import type { CiServer } from '../ports/ci-server.ts';
import { FakeCiServer } from '../supervise/testing/fake-ci-server.ts';
import { recordedServer } from './recorded-server.ts';
import { StageHistory } from './stage-history.ts';
import { aStageReport, aStepReport, linesFrom } from './testing/a-report.ts';

const { signal } = new AbortController();

function recorded() {
  const history = new StageHistory();
  const fake = new FakeCiServer(aStageReport());
  history.registryChanged(changed(anEntry({ stageId: 1 })));
  return { history, fake, server: recordedServer(fake, history) };
}

describe('a recorded server', () => {
  it('keeps what is reported, though the server does not take it', async () => {
    const { history, fake, server } = recorded();
    fake.refuse.push({ call: 'stage', error: new Error('the database is away') });

    await expect(
      server.updateStage(aStageReport({ status: 'failure', stopped: 9 }), signal),
    ).rejects.toThrow();

    expect(history.find(1)).toMatchObject({ status: 'failure', stopped: 9 });
  });

  it('knows the steps by the ids in the response to the start, so that their lines are kept', async () => {
    const { history, fake, server } = recorded();
    fake.updateStage = (stage) =>
      Promise.resolve({ kind: 'updated', value: { ...stage, steps: [aStepReport({ id: 11 })] } });

    await server.updateStage(aStageReport(), signal);
    await server.sendLines(11, linesFrom(0, 'hello'), signal);

    expect(history.outputOf(11)?.text).toBe('hello\n');
  });

  it('has the lines of an uploaded log, once, though some were sent live before and the upload is repeated', async () => {
    const { history, fake } = recorded();
    history.stageReported(aStageReport({ steps: [aStepReport({ id: 11 })] }));
    const uploaded: string[] = [];
    const uploadLog: CiServer['uploadLog'] = async (_stepId, log) => {
      for (const _attempt of [1, 2])
        for await (const lines of log) uploaded.push(...lines.map(({ out }) => out));
      return 'stored';
    };
    const server = recordedServer(Object.assign(fake, { uploadLog }), history);

    await server.sendLines(11, linesFrom(0, 'live'), signal);
    await server.uploadLog(11, [linesFrom(0, 'live', 'later'), linesFrom(2, 'last')], signal);

    expect(history.outputOf(11)?.text).toBe('live\nlater\nlast\n');
    expect(uploaded).toHaveLength(6);
  });

  it('passes every call on, and its result', async () => {
    const { fake, server } = recorded();
    fake.register([1]);

    const update = await server.updateStep(aStepReport({ id: 100 }), signal);

    expect(update).toMatchObject({ kind: 'updated', value: { version: 2 } });
    expect(fake.reports).toEqual(['1 running']);
  });
});
