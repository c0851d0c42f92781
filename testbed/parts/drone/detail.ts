import { type Backend, cutError, noRows, nowSeconds, RpcFailure } from './backend.ts';
import { settleStage } from './updates.ts';
import { encodeStage } from './wire.ts';

/** How detail fails: since 2.28.1 the server marks the stage as `error`, before it did not (drone-rpc §2.3). */
export interface DetailFailure {
  readonly text: string;
  readonly marksStage: boolean;
}

/** The detail answer for a stage, exactly as odd as the real one; `system` describes this server. */
export function stageDetail(backend: Backend, stageId: number, system: object): Record<string, unknown> {
  const stage = backend.store.stages.get(stageId);
  const build = backend.store.build(stage?.build_id ?? 0);
  const record = backend.store.record(stage?.build_id ?? 0);
  if (stage === undefined || build === undefined || record === undefined) throw noRows();
  const { params, ...rest } = build;
  const hasParams = params !== undefined && Object.keys(params).length > 0;
  return {
    repository: record.repo,
    build: {
      ...rest,
      ...(hasParams ? { params } : {}),
      stages: backend.store.stagesOf(build.id).map(encodeStage),
    },
    stage: encodeStage(stage),
    config: { Data: Buffer.from(record.yaml).toString('base64'), Hash: null },
    secrets: visibleSecrets(record.secrets, build.event),
    system,
    netrc: record.netrc,
  };
}

/** Pull requests get only what is meant for them; no secrets at all is null, not an empty list. */
function visibleSecrets<S extends { readonly pull_request?: boolean }>(secrets: readonly S[], event: string) {
  const visible =
    event === 'pull_request' ? secrets.filter((secret) => secret.pull_request === true) : secrets;
  return visible.length === 0 ? null : visible;
}

/** Fails a detail call, after marking the stage if this server is new enough. */
export function failDetail(backend: Backend, stageId: number, failure: DetailFailure): never {
  const stage = backend.store.stages.get(stageId);
  if (stage === undefined) throw noRows();
  if (failure.marksStage) {
    const now = nowSeconds(backend);
    const ended = { started: stage.started || now, stopped: now, updated: now, exit_code: 255 };
    backend.store.stages.update({ ...stage, ...ended, status: 'error', error: cutError(failure.text) });
    settleStage(backend, stage.build_id, stage.id);
  }
  throw new RpcFailure(500, failure.text);
}
