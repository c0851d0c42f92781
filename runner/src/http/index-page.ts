import { html } from '@hangar/shared/program/html';
import { formatCpuMillicores, formatMemoryBytes } from '@hangar/shared/quantity';
import type { ShownStage } from '../history/stage-history.ts';
import { waitingFirst } from '../stage-registry.ts';
import { durationText, framed, momentOf, type TableRow, tableOf } from './page-frame.ts';
import { explanationOf, stateOf } from './stage-state-text.ts';

/** What the first page of the dashboard shows. */
export interface IndexPage {
  readonly machine: string;
  readonly version: string;
  readonly capacity: number;
  readonly nowMs: number;
  /** Why the replica takes no new work; empty = it does. */
  readonly notReady: readonly string[];
  readonly stages: readonly ShownStage[];
}

const REFRESH_SECONDS = 10;
const MIB = 2 ** 20;
const NOW_TITLES = ['Pipeline', 'State', 'Build', 'For', 'Requests', 'Reason or Pod'];
const PAST_TITLES = ['Pipeline', 'Result', 'Build', 'Ended', 'Took', 'Reason'];

/** The page at `/`: the pipelines that run and wait, and the latest that have ended. Pure. */
export function renderIndex(page: IndexPage): string {
  const { machine, version, capacity, nowMs, notReady, stages } = page;
  const open = stages.filter(({ isOpen }) => isOpen).sort((a, b) => waitingFirst(a.entry, b.entry));
  const ended = stages.filter(({ isOpen }) => !isOpen);
  const frame = {
    title: `Hangar runner ${machine}`,
    heading: 'Hangar runner',
    summary: `${machine} · version ${version} · ${open.length} of ${capacity} pipelines`,
    refreshSeconds: REFRESH_SECONDS,
  };
  return framed(frame, [
    notReady.map((reason) => html`<p class="warn-box">Not ready: ${reason}</p>`),
    html`<section aria-labelledby="now"><h2 id="now">Running and waiting</h2>${
      open.length === 0
        ? html`<p>This runner is idle.</p>`
        : tableOf(
            NOW_TITLES,
            open.map((stage) => openRow(stage, nowMs)),
          )
    }</section>`,
    html`<section aria-labelledby="past"><h2 id="past">Recent pipelines</h2>${
      ended.length === 0
        ? html`<p>No pipeline has ended since this process started.</p>`
        : tableOf(
            PAST_TITLES,
            ended.map((stage) => endedRow(stage, nowMs)),
          )
    }</section>`,
  ]);
}

function openRow(stage: ShownStage, nowMs: number): TableRow {
  const { reason, pod, adopted, sinceMs } = stage.entry;
  const details = [reason, pod, adopted ? '(taken over)' : ''].filter(Boolean).join(' ');
  return {
    cells: [
      ...commonCells(stage),
      { style: 'number', value: durationText(nowMs - sinceMs) },
      requestsOf(stage),
      details,
    ],
  };
}

function endedRow(stage: ShownStage, nowMs: number): TableRow {
  const { started, stopped } = stage;
  const took = started > 0 && stopped > 0 ? durationText((stopped - started) * 1000) : '';
  return {
    cells: [
      ...commonCells(stage),
      { style: 'number', value: stopped > 0 ? momentOf(stopped * 1000, nowMs) : '' },
      { style: 'number', value: took },
      explanationOf(stage),
    ],
  };
}

function commonCells(stage: ShownStage): TableRow['cells'] {
  const { stageId, repo, stageName, buildNumber, event } = stage.entry;
  const state = stateOf(stage);
  return [
    html`<a href="view?id=${stageId}">${repo || 'a repository'}: ${stageName}</a>`,
    { style: `state ${state}`, value: state },
    { style: 'number', value: `#${buildNumber} ${event}` },
  ];
}

function requestsOf({ entry: { asks } }: ShownStage): string {
  if (!asks.cpuMillicores && !asks.memoryBytes) return '';
  const wholeMiB = Math.ceil(asks.memoryBytes / MIB) * MIB;
  return `${formatCpuMillicores(asks.cpuMillicores)} CPU, ${formatMemoryBytes(wholeMiB)}`;
}
