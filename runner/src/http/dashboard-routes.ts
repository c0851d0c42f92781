import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { ShownStage, StageHistory } from '../history/stage-history.ts';
import { notReady } from './health.ts';
import type { DashboardSources, HttpParts } from './http-parts.ts';
import { renderIndex } from './index-page.ts';
import { renderLog } from './log-page.ts';
import { PAGE_HEADERS } from './page-frame.ts';
import { renderStage, shownStepOf } from './stage-page.ts';
import { explanationOf, remedyOf, stateOf } from './stage-state-text.ts';
import { stageViews } from './stage-views.ts';

type Guard = { onRequest?: (request: FastifyRequest, reply: FastifyReply) => Promise<void> };

/** Programs that accept only JSON get it, as from the previous dashboard. */
const wantsJson = ({ headers: { accept = '' } }: FastifyRequest): boolean =>
  /^application\/json\b/.test(accept);

/** The pages of the dashboard under the paths of the previous one (previous-runner §7.1), each also as JSON. */
export function addDashboard(
  app: FastifyInstance,
  parts: HttpParts,
  { guard, history, log }: DashboardSources & { readonly guard: Guard },
): void {
  app.get('/', guard, (request, reply) => {
    if (wantsJson(request))
      return reply.send({ stages: stageViews(parts.stages()), recent: endedOf(history).map(viewOf) });
    const page = { ...parts.about, nowMs: parts.clock.now(), notReady: notReady(parts.signs()) };
    return reply.headers(PAGE_HEADERS).send(renderIndex({ ...page, stages: history.stages }));
  });
  app.get<{ Querystring: Record<string, unknown> }>('/view', guard, (request, reply) => {
    const stage = history.find(numberIn(request.query['id']) ?? 0);
    if (!stage) return reply.code(404).send({ error: 'this replica of the runner does not know that stage' });
    if (wantsJson(request)) return reply.send({ ...viewOf(stage), steps: stage.steps });
    const step = shownStepOf(stage, numberIn(request.query['step']));
    const records = log.records.filter(({ fields }) => fields['stageId'] === stage.entry.stageId);
    const output = step && history.outputOf(step.id);
    return reply
      .headers(PAGE_HEADERS)
      .send(renderStage({ stage, step, output, records, nowMs: parts.clock.now() }));
  });
  app.get('/logs', guard, (request, reply) =>
    wantsJson(request)
      ? reply.send({ records: log.records })
      : reply.headers(PAGE_HEADERS).send(renderLog(parts.about.machine, log.records)),
  );
}

const endedOf = ({ stages }: StageHistory): readonly ShownStage[] => stages.filter(({ isOpen }) => !isOpen);

const numberIn = (text: unknown): number | undefined =>
  typeof text === 'string' && /^\d{1,15}$/.test(text) ? Number(text) : undefined;

/** A stage as JSON. Times in RFC 3339, empty = not yet. */
function viewOf(stage: ShownStage): Readonly<Record<string, unknown>> {
  const { entry, started, stopped, origin } = stage;
  const { stageId, stageName, buildId, buildNumber, repo, event, pod } = entry;
  return {
    ...{ stageId, stage: stageName, buildId, build: buildNumber, repo, event, pod },
    ...{ state: stateOf(stage), reason: explanationOf(stage), remedy: remedyOf(stage), ...origin },
    ...{ started: timeText(started), stopped: timeText(stopped) },
  };
}

const timeText = (seconds: number): string => (seconds > 0 ? new Date(seconds * 1000).toISOString() : '');
