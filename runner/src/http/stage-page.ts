import { type Html, html } from '@hangar/shared/program/html';
import { visibleText } from '@hangar/shared/program/visible';
import type { LogRecord } from '../history/recent-log.ts';
import type { ShownStage, ShownStep } from '../history/stage-history.ts';
import type { StepOutput } from '../history/step-output.ts';
import { recordTable } from './log-page.ts';
import { durationText, framed, momentOf, type TableRow, tableOf } from './page-frame.ts';
import { explanationOf, remedyOf, stateOf } from './stage-state-text.ts';

/** What the page of one stage shows. */
export interface StagePage {
  readonly stage: ShownStage;
  readonly nowMs: number;
  /** The step whose log is shown. */
  readonly step: ShownStep | undefined;
  /** The end of its log; undefined if none is kept. */
  readonly output: StepOutput | undefined;
  /** The runner's own log records about this stage. */
  readonly records: readonly LogRecord[];
}

const REFRESH_SECONDS = 5;
const TITLES = ['Step', 'State', 'Started', 'Took', 'Exit code', 'Image'];
/** Colours of a log: it is shown without them. */
const COLOURS = /\u001b\[[0-9;:]*m/g;

/**
 * The step whose log is shown: the one with this number, else the first failed one, else the one that runs, else the last that ran. Pure.
 *
 * @param number as in the address; undefined = none chosen
 */
export function shownStepOf({ steps }: ShownStage, number: number | undefined): ShownStep | undefined {
  const isFailed = ({ status }: ShownStep): boolean => status === 'failure' || status === 'error';
  return (
    steps.find((step) => step.number === number) ??
    steps.find(isFailed) ??
    steps.find(({ status }) => status === 'running') ??
    steps.findLast(({ started }) => started > 0) ??
    steps[0]
  );
}

/** The page at `/view?id=N`: one stage with its steps, the log of one step, and what the runner logged about it. Pure. */
export function renderStage(page: StagePage): string {
  const { stage, nowMs, records } = page;
  const { repo, stageName, buildNumber, event } = stage.entry;
  const { title, author, ref } = stage.origin;
  const frame = {
    title: `${repo} #${buildNumber} ${stageName}`,
    heading: `${repo || 'a repository'} #${buildNumber}: ${stageName}`,
    summary: [title, event, ref, author].filter((text) => text !== '').join(' · '),
    refreshSeconds: stage.isOpen ? REFRESH_SECONDS : undefined,
  };
  return framed(frame, [
    stateSection(stage, nowMs),
    html`<section aria-labelledby="steps"><h2 id="steps">Steps</h2>${stepTable(page)}</section>`,
    outputSection(page),
    html`<section aria-labelledby="records"><h2 id="records">Log of the runner about this pipeline</h2>${recordTable(records, 'Nothing was logged about it.')}</section>`,
  ]);
}

function stateSection(stage: ShownStage, nowMs: number): Html {
  const { started, stopped, entry } = stage;
  const state = stateOf(stage);
  const explanation = explanationOf(stage);
  const remedy = remedyOf(stage);
  const endMs = stopped > 0 ? stopped * 1000 : nowMs;
  const times =
    started > 0
      ? html` · started ${momentOf(started * 1000, nowMs)} · ${durationText(endMs - started * 1000)}`
      : '';
  return html`<section aria-labelledby="state"><h2 id="state"><span class="state ${state}">${state}</span>${times}</h2>${
    explanation === '' ? '' : html`<p>${visibleText(explanation)}</p>`
  }${remedy === '' ? '' : html`<p>What to do: ${remedy}</p>`}${entry.pod === '' ? '' : html`<p class="dim">Pod ${entry.pod}</p>`}</section>`;
}

function stepTable({ stage, step, nowMs }: StagePage): Html {
  if (stage.steps.length === 0) return html`<p>No step has been reported yet.</p>`;
  const rows = stage.steps.map((one): TableRow => {
    const { number, name, status, exitCode, started, stopped, image } = one;
    const endMs = stopped > 0 ? stopped * 1000 : nowMs;
    const isEnded = stopped > 0 && status !== 'skipped';
    return {
      isCurrent: one === step,
      cells: [
        html`<a href="view?id=${stage.entry.stageId}&amp;step=${number}">${name}</a>`,
        { style: `state ${status}`, value: status },
        { style: 'number', value: started > 0 ? momentOf(started * 1000, nowMs) : '' },
        { style: 'number', value: started > 0 ? durationText(endMs - started * 1000) : '' },
        { style: 'number', value: isEnded ? String(exitCode) : '' },
        image,
      ],
    };
  });
  return tableOf(TITLES, rows);
}

function outputSection({ step, output }: StagePage): Html {
  if (!step) return html``;
  const text =
    output === undefined ? '' : visibleText(output.text.replace(COLOURS, '').replaceAll('\r\n', '\n'));
  const isStored = step.notStored === '';
  const content =
    text === ''
      ? html`<p>No output is kept of this step${isStored ? '; the Drone server has the whole log' : ''}.</p>`
      : html`${output?.isCut === true ? html`<p class="dim">The end of the log${isStored ? '; the Drone server has all of it' : ''}.</p>` : ''}<pre tabindex="0">${text}</pre>`;
  const note = isStored ? '' : html`<p>${visibleText(step.notStored)}</p>`;
  return html`<section aria-labelledby="output"><h2 id="output">Log of step ${step.name}</h2>${note}${content}</section>`;
}
