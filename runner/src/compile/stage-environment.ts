import type { DroneStage, StageDetail, Status } from '../pipeline/drone.ts';
import { tagVariables } from './tag-versions.ts';

type Variables = Readonly<Record<string, string>>;

const FAILED: readonly Status[] = ['error', 'failure', 'killed'];
const hasFailed = (thing: { readonly status: Status }): boolean => FAILED.includes(thing.status);

const seconds = (nowMs: number): number => Math.floor(nowMs / 1000);
const orNow = (atSeconds: number, nowMs: number): string =>
  String(atSeconds === 0 ? seconds(nowMs) : atSeconds);

/** Names of the other stages of the build that have already failed. */
export function failedStages(detail: StageDetail): readonly string[] {
  return detail.build.stages
    .filter((stage) => stage.id !== detail.stage.id && hasFailed(stage))
    .map((stage) => stage.name);
}

/** Variables whose values are known only when it is the turn of a step; the stage's are those of its start. */
export const STATUS_VALUES: ReadonlySet<string> = new Set([
  ...['DRONE_BUILD_STATUS', 'DRONE_BUILD_FINISHED'],
  ...['DRONE_STAGE_STATUS', 'DRONE_STAGE_FINISHED'],
]);

/** Whether the build has already failed when this stage starts (previous-runner §4.7.2, `DRONE_BUILD_STATUS`). */
export function isBuildFailed(detail: StageDetail): boolean {
  return hasFailed(detail.build) || failedStages(detail).length > 0;
}

function systemVariables({ system }: StageDetail): Variables {
  return {
    CI: 'true',
    DRONE: 'true',
    DRONE_SYSTEM_PROTO: system.proto,
    DRONE_SYSTEM_HOST: system.host,
    DRONE_SYSTEM_HOSTNAME: system.host,
    DRONE_SYSTEM_VERSION: system.version,
    DRONE_CARD_PATH: '/dev/stdout',
  };
}

function repoVariables({ repo }: StageDetail): Variables {
  return {
    DRONE_REPO: repo.slug,
    DRONE_REPO_SCM: repo.scm,
    DRONE_REPO_OWNER: repo.namespace,
    DRONE_REPO_NAMESPACE: repo.namespace,
    DRONE_REPO_NAME: repo.name,
    DRONE_REPO_LINK: repo.link,
    DRONE_REPO_BRANCH: repo.branch,
    DRONE_REPO_PRIVATE: String(repo.private),
    DRONE_REPO_VISIBILITY: repo.visibility,
    DRONE_REMOTE_URL: repo.httpUrl,
    DRONE_GIT_HTTP_URL: repo.httpUrl,
    DRONE_GIT_SSH_URL: repo.sshUrl,
    CI_REPO: repo.slug,
    CI_REPO_NAME: repo.slug,
    CI_REPO_LINK: repo.link,
    CI_REPO_REMOTE: repo.httpUrl,
    CI_REMOTE_URL: repo.httpUrl,
    CI_REPO_PRIVATE: String(repo.private),
  };
}

function commitVariables({ build }: StageDetail): Variables {
  return {
    DRONE_BRANCH: build.target,
    DRONE_TARGET_BRANCH: build.target,
    DRONE_SOURCE_BRANCH: build.source,
    DRONE_COMMIT: build.after,
    DRONE_COMMIT_SHA: build.after,
    DRONE_COMMIT_AFTER: build.after,
    DRONE_COMMIT_BEFORE: build.before,
    DRONE_COMMIT_BRANCH: build.target,
    DRONE_COMMIT_REF: build.ref,
    DRONE_COMMIT_LINK: build.link,
    DRONE_COMMIT_MESSAGE: build.message,
    DRONE_COMMIT_AUTHOR: build.authorLogin,
    DRONE_COMMIT_AUTHOR_EMAIL: build.authorEmail,
    DRONE_COMMIT_AUTHOR_AVATAR: build.authorAvatar,
    DRONE_COMMIT_AUTHOR_NAME: build.authorName,
    CI_COMMIT_SHA: build.after,
    CI_COMMIT_REF: build.ref,
    CI_COMMIT_BRANCH: build.target,
    CI_COMMIT_MESSAGE: build.message,
    CI_COMMIT_AUTHOR: build.authorLogin,
    CI_COMMIT_AUTHOR_NAME: build.authorName,
    CI_COMMIT_AUTHOR_EMAIL: build.authorEmail,
    CI_COMMIT_AUTHOR_AVATAR: build.authorAvatar,
  };
}

function buildVariables(detail: StageDetail, nowMs: number): Variables {
  const { build, system, repo } = detail;
  return {
    DRONE_BUILD_NUMBER: String(build.number),
    DRONE_BUILD_PARENT: String(build.parent),
    DRONE_BUILD_EVENT: build.event,
    DRONE_BUILD_ACTION: build.action,
    DRONE_BUILD_TRIGGER: build.trigger,
    DRONE_BUILD_STATUS: isBuildFailed(detail) ? 'failure' : 'success',
    DRONE_BUILD_DEBUG: String(build.debug),
    DRONE_BUILD_CREATED: String(build.created),
    DRONE_BUILD_STARTED: orNow(build.started, nowMs),
    DRONE_BUILD_FINISHED: orNow(build.finished, nowMs),
    DRONE_BUILD_LINK: `${system.proto}://${system.host}/${repo.slug}/${build.number}`,
    DRONE_DEPLOY_TO: build.deployTo,
    DRONE_DEPLOY_ID: String(build.deployId),
    CI_BUILD_NUMBER: String(build.number),
    CI_PARENT_BUILD_NUMBER: String(build.parent),
    CI_BUILD_CREATED: String(build.created),
    CI_BUILD_STARTED: String(build.started),
    CI_BUILD_FINISHED: String(build.finished),
    CI_BUILD_STATUS: build.status,
    CI_BUILD_EVENT: build.event,
    CI_BUILD_LINK: build.link,
    CI_BUILD_TARGET: build.deployTo,
  };
}

/** Variables that exist only in some builds: failures, pull requests and tags. */
function occasionalVariables(detail: StageDetail): Variables {
  const { build } = detail;
  const failed = failedStages(detail);
  const pullRequest = {
    DRONE_PULL_REQUEST: /\d+/.exec(build.ref)?.[0] ?? '',
    DRONE_PULL_REQUEST_TITLE: build.title,
  };
  return {
    ...(isBuildFailed(detail) ? { DRONE_FAILED_STAGES: failed.join(',') } : {}),
    ...(build.event === 'pull_request' ? pullRequest : {}),
    ...tagVariables(build.ref),
  };
}

/** A stage that failed, or with a failed step whose failure is not ignored. */
function isStageFailed(stage: DroneStage): boolean {
  return hasFailed(stage) || stage.steps.some((step) => hasFailed(step) && !step.errIgnore);
}

function ownStageVariables({ stage }: StageDetail, nowMs: number): Variables {
  return {
    DRONE_STAGE_KIND: stage.kind,
    DRONE_STAGE_TYPE: stage.type,
    DRONE_STAGE_NAME: stage.name,
    DRONE_STAGE_NUMBER: String(stage.number),
    DRONE_STAGE_MACHINE: stage.machine,
    DRONE_STAGE_OS: stage.os,
    DRONE_STAGE_ARCH: stage.arch,
    DRONE_STAGE_VARIANT: stage.variant,
    DRONE_STAGE_VERSION: String(stage.version),
    DRONE_STAGE_STATUS: isStageFailed(stage) ? 'failure' : 'success',
    DRONE_STAGE_STARTED: orNow(stage.started, nowMs),
    DRONE_STAGE_FINISHED: orNow(stage.stopped, nowMs),
    DRONE_STAGE_DEPENDS_ON: stage.dependsOn.join(','),
  };
}

/** System, repo, build, stage and link variables, with their values at the start of the stage (previous-runner §4.7.2, layer 5). */
export function stageEnvironment(detail: StageDetail, nowMs: number): Variables {
  return {
    ...systemVariables(detail),
    ...repoVariables(detail),
    ...commitVariables(detail),
    ...buildVariables(detail, nowMs),
    ...occasionalVariables(detail),
    ...ownStageVariables(detail, nowMs),
  };
}

/**
 * Variables for `${…}` in the YAML text (previous-runner §3.2): the runner's environment (without the plugin's), the stage's
 * variables, and the build's parameters, which take precedence here, unlike in containers.
 */
export function substitutionVariables(
  detail: StageDetail,
  runnerEnvironment: Variables,
  nowMs: number,
): Variables {
  return { ...runnerEnvironment, ...stageEnvironment(detail, nowMs), ...detail.build.params };
}
