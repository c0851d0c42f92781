import { describe, expect, it } from 'vitest';
import { aBuild, aDetail, aStage } from '../compile/testing/a-pipeline.ts';
import { anEntry, changed, left } from '../metrics/testing/an-entry.ts';
import { StageHistory } from './stage-history.ts';
import { aStageReport, aStepReport, linesFrom } from './testing/a-report.ts';

const LIMITS = { stages: 2, stepOutputBytes: 1_000, outputBytes: 10_000 };

function historyOf(...stageIds: readonly number[]): StageHistory {
  const history = new StageHistory(LIMITS);
  for (const stageId of stageIds) history.registryChanged(changed(anEntry({ stageId })));
  return history;
}

/** A stage that was started, with output of one step, and has ended. */
function run(history: StageHistory, stageId: number): void {
  const stepId = stageId * 100;
  history.registryChanged(changed(anEntry({ stageId })));
  history.stageReported(aStageReport({ id: stageId, steps: [aStepReport({ id: stepId, stageId })] }));
  history.linesSent(stepId, linesFrom(0, `output of ${stageId}`));
  history.registryChanged(left(anEntry({ stageId })));
}

describe('an open stage', () => {
  it('has the phase and the reason of the registry, as they change', () => {
    const history = historyOf(1);
    const waiting = anEntry({ phase: 'waiting', reason: 'the quota is used up' });
    history.registryChanged(changed(waiting));

    expect(history.find(1)).toMatchObject({ isOpen: true, status: 'pending', entry: waiting, steps: [] });
  });

  it('has the title and the author of its build once the server has described it', () => {
    const history = historyOf(1);
    const build = aBuild({ title: '', message: 'Fix the pump\n\nIt leaked.' });
    history.described(aDetail({ build, stage: { ...aStage(), id: 1 } }));

    expect(history.find(1)?.origin).toMatchObject({
      title: 'Fix the pump',
      author: 'ada',
      ref: 'refs/heads/main',
    });
  });

  it('has its steps as they were last reported, in their order; ids come later and stay', () => {
    const history = historyOf(1);
    history.stageReported(aStageReport({ steps: [aStepReport({ number: 2 }), aStepReport({ number: 1 })] }));
    history.stepReported(aStepReport({ id: 11, number: 1, status: 'failure', exitCode: 3, stopped: 5 }));
    history.stageReported(
      aStageReport({ steps: [aStepReport({ number: 1, status: 'failure', exitCode: 3 })] }),
    );

    expect(history.find(1)?.steps).toMatchObject([
      { id: 11, number: 1, status: 'failure', exitCode: 3 },
      { id: 0, number: 2, status: 'running' },
    ]);
  });

  it('keeps what the server has not stored of a step, whatever is reported of it later', () => {
    const history = historyOf(1);
    history.stageReported(
      aStageReport({ steps: [aStepReport({ id: 11 }), aStepReport({ id: 12, number: 2 })] }),
    );
    history.notStored(11, 'its log is not stored');
    history.notStored(99, 'a step of no stage');
    history.stepReported(aStepReport({ id: 11, status: 'success' }));

    expect(history.find(1)?.steps).toMatchObject([
      { status: 'success', error: '', notStored: 'its log is not stored' },
      { status: 'running', notStored: '' },
    ]);
  });

  it('keeps its steps when it is reported without any, as its end is after a conflict', () => {
    const history = historyOf(1);
    history.stageReported(aStageReport());
    history.stageReported(aStageReport({ status: 'success', stopped: 9, steps: [] }));

    expect(history.find(1)).toMatchObject({ status: 'success', stopped: 9, steps: [{ name: 'build' }] });
  });

  it('has the live lines of its steps; those of an unknown step are not kept', () => {
    const history = historyOf(1);
    history.stageReported(aStageReport({ steps: [aStepReport({ id: 11 })] }));
    history.linesSent(11, linesFrom(0, 'hello'));
    history.linesSent(12, linesFrom(0, 'nobody'));

    expect(history.outputOf(11)?.text).toBe('hello\n');
    expect(history.outputOf(12)).toBeUndefined();
  });

  it('cuts texts that people wrote', () => {
    const history = historyOf(1);
    history.stageReported(aStageReport({ error: 'x'.repeat(1_000_000) }));

    expect(history.find(1)?.error).toHaveLength(2_001);
  });
});

describe('an ended stage', () => {
  it('stays when it has left the registry, the latest first, with its output', () => {
    const history = historyOf();
    run(history, 1);
    run(history, 2);

    expect(history.stages.map(({ entry, isOpen }) => [entry.stageId, isOpen])).toEqual([
      [2, false],
      [1, false],
    ]);
    expect(history.outputOf(100)?.text).toBe('output of 1\n');
  });

  it('known issue 59: makes room for the latest ones, with all that was kept of it', () => {
    const history = historyOf();
    for (const stageId of [1, 2, 3]) run(history, stageId);

    expect(history.stages.map(({ entry }) => entry.stageId)).toEqual([3, 2]);
    expect([history.find(1), history.outputOf(100)]).toEqual([undefined, undefined]);
    expect(history.outputOf(200)?.text).toBe('output of 2\n');
  });

  it('is one of the latest 200 by default', () => {
    const history = new StageHistory();
    for (let stageId = 1; stageId <= 201; stageId++) run(history, stageId);

    expect(history.stages).toHaveLength(200);
    expect(history.stages.at(-1)?.entry.stageId).toBe(2);
  });

  it('is not kept where nothing was reported: another replica accepted it', () => {
    const history = historyOf(1);
    history.registryChanged(left(anEntry({ stageId: 1 })));

    expect(history.stages).toEqual([]);
  });

  it('is open again when it is taken over once more', () => {
    const history = historyOf();
    run(history, 1);
    history.registryChanged(changed(anEntry({ stageId: 1, adopted: true })));

    expect(history.stages.map(({ entry, isOpen }) => [entry.stageId, isOpen])).toEqual([[1, true]]);
  });
});
