import type { BuildRequest } from '../../parts/drone/build-request.ts';
import { pipeline, step } from './pipelines.ts';

const SHA = { after: 'b'.repeat(40), before: 'a'.repeat(40) };

/** A build with a value of its own in each field that a step sees, whose step `show` prints its environment. */
export const ENVIRONMENT_BUILD: BuildRequest = {
  yaml: pipeline(step('show', ['env | sort'], '  environment:\n    OWN: mine\n')),
  event: 'push',
  params: { PARAM: 'given' },
  build: {
    ...SHA,
    ref: 'refs/heads/feature',
    source: 'feature',
    target: 'main',
    link: 'https://git.acme.test/commit/1',
    message: 'a message',
    author_login: 'ada',
    author_name: 'Ada L',
    author_email: 'ada@acme.test',
    author_avatar: 'https://git.acme.test/ada.png',
  },
};

/** What a step sees by the previous runner's rules (previous-runner §4.7), where the server's data decide. */
export const EXPECTED_ENVIRONMENT: Readonly<Record<string, string | RegExp>> = {
  CI: 'true',
  DRONE: 'true',
  OWN: 'mine',
  PARAM: 'given',
  DRONE_SYSTEM_PROTO: /^https?$/,
  DRONE_SYSTEM_HOST: /./,
  DRONE_SYSTEM_HOSTNAME: /./,
  DRONE_SYSTEM_VERSION: /./,
  DRONE_REPO: 'acme/widget',
  DRONE_REPO_NAME: 'widget',
  DRONE_REPO_OWNER: 'acme',
  DRONE_REPO_NAMESPACE: 'acme',
  DRONE_REPO_BRANCH: /./,
  DRONE_REPO_LINK: /^https?:/,
  DRONE_REPO_PRIVATE: /^(true|false)$/,
  DRONE_REPO_VISIBILITY: /./,
  DRONE_REMOTE_URL: /./,
  DRONE_GIT_HTTP_URL: /./,
  CI_REPO: 'acme/widget',
  CI_REPO_NAME: 'acme/widget',
  CI_REPO_LINK: /^https?:/,
  CI_REPO_REMOTE: /./,
  CI_REMOTE_URL: /./,
  CI_REPO_PRIVATE: /^(true|false)$/,
  DRONE_BRANCH: 'main',
  DRONE_TARGET_BRANCH: 'main',
  DRONE_COMMIT_BRANCH: 'main',
  DRONE_SOURCE_BRANCH: 'feature',
  DRONE_COMMIT: SHA.after,
  DRONE_COMMIT_SHA: SHA.after,
  DRONE_COMMIT_AFTER: SHA.after,
  DRONE_COMMIT_BEFORE: SHA.before,
  DRONE_COMMIT_REF: 'refs/heads/feature',
  DRONE_COMMIT_LINK: 'https://git.acme.test/commit/1',
  DRONE_COMMIT_MESSAGE: 'a message',
  DRONE_COMMIT_AUTHOR: 'ada',
  DRONE_COMMIT_AUTHOR_NAME: 'Ada L',
  DRONE_COMMIT_AUTHOR_EMAIL: 'ada@acme.test',
  DRONE_COMMIT_AUTHOR_AVATAR: 'https://git.acme.test/ada.png',
  CI_COMMIT_SHA: SHA.after,
  CI_COMMIT_REF: 'refs/heads/feature',
  CI_COMMIT_BRANCH: 'main',
  CI_COMMIT_MESSAGE: 'a message',
  CI_COMMIT_AUTHOR: 'ada',
  CI_COMMIT_AUTHOR_NAME: 'Ada L',
  CI_COMMIT_AUTHOR_EMAIL: 'ada@acme.test',
  CI_COMMIT_AUTHOR_AVATAR: 'https://git.acme.test/ada.png',
  DRONE_BUILD_NUMBER: /^\d+$/,
  DRONE_BUILD_PARENT: '0',
  DRONE_BUILD_EVENT: 'push',
  DRONE_BUILD_STATUS: 'success',
  DRONE_BUILD_DEBUG: 'false',
  DRONE_BUILD_CREATED: /^\d{10}$/,
  DRONE_BUILD_STARTED: /^\d{10}$/,
  DRONE_BUILD_FINISHED: /^\d{10}$/,
  DRONE_BUILD_LINK: /\/acme\/widget\/\d+$/,
  DRONE_DEPLOY_ID: '0',
  CI_BUILD_NUMBER: /^\d+$/,
  CI_PARENT_BUILD_NUMBER: '0',
  CI_BUILD_STATUS: /^(pending|running)$/,
  CI_BUILD_EVENT: 'push',
  CI_BUILD_LINK: /./,
  CI_BUILD_CREATED: /^\d+$/,
  CI_BUILD_STARTED: /^\d+$/,
  CI_BUILD_FINISHED: /^\d+$/,
  DRONE_STAGE_KIND: 'pipeline',
  DRONE_STAGE_TYPE: 'kubernetes',
  DRONE_STAGE_NAME: 'default',
  DRONE_STAGE_NUMBER: '1',
  DRONE_STAGE_MACHINE: /./,
  DRONE_STAGE_OS: 'linux',
  DRONE_STAGE_ARCH: 'amd64',
  DRONE_STAGE_VERSION: /^\d+$/,
  DRONE_STAGE_STATUS: 'success',
  DRONE_STAGE_STARTED: /^\d{10}$/,
  DRONE_STAGE_FINISHED: /^\d{10}$/,
  DRONE_CARD_PATH: '/dev/stdout',
  // The embedded cluster puts the root of a container before it.
  DRONE_WORKSPACE: /\/drone\/src$/,
  DRONE_DOCKER_VOLUME_ID: /./,
  DRONE_STEP_NAME: 'show',
  GIT_AUTHOR_NAME: 'Ada L',
  GIT_AUTHOR_EMAIL: 'ada@acme.test',
  GIT_COMMITTER_NAME: 'Ada L',
  GIT_COMMITTER_EMAIL: 'ada@acme.test',
  GIT_TERMINAL_PROMPT: '0',
  KUBERNETES_NODE: /./,
};

/** Variables that a step printed and that are not as expected, one line for each. Pure. */
export function environmentDifferences(
  log: string,
  expected: Readonly<Record<string, string | RegExp>>,
): readonly string[] {
  const lines = log.split('\n').filter((line) => /^\w+=/.test(line));
  const seen = new Map(
    lines.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
  );
  return Object.entries(expected).flatMap(([name, want]) => {
    const value = seen.get(name);
    const fits = typeof want === 'string' ? value === want : want.test(value ?? '');
    return fits ? [] : [`${name}: ${JSON.stringify(value)} in place of ${String(want)}`];
  });
}
