import type { BuildRequest } from '../../parts/drone/build-request.ts';
import { pipeline, step } from './pipelines.ts';

type Expected = Readonly<Record<string, string | RegExp>>;

/** A build whose step `show` prints its environment, and what it must be. */
export interface EnvironmentBuild {
  readonly request: BuildRequest;
  readonly expected: Expected;
}

const SHA = { after: 'b'.repeat(40), before: 'a'.repeat(40) };
/** Two lines, and characters that a shell or the Kubernetes expansion of variables would change. */
const MESSAGE = 'a "message" of $(HOME) and $$\n\nand a second line: ü';

/** With a value of its own in each field that a step sees. */
const PUSH: BuildRequest = {
  // In base64, since values have more than one line.
  yaml: pipeline(step('show', ['env -0 | base64 -w 0'], '  environment:\n    OWN: mine\n')),
  event: 'push',
  params: { PARAM: 'given' },
  build: {
    ...SHA,
    ref: 'refs/heads/feature',
    source: 'feature',
    target: 'main',
    link: 'https://git.acme.test/commit/1',
    message: MESSAGE,
    author_login: 'ada',
    author_name: 'Ada L',
    author_email: 'ada@acme.test',
    author_avatar: 'https://git.acme.test/ada.png',
  },
};

/** What a step sees by the previous runner's rules (previous-runner §4.7), where the server's data decide. */
const OF_A_PUSH: Expected = {
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
  DRONE_REPO_SCM: '',
  DRONE_GIT_SSH_URL: /./,
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
  DRONE_COMMIT_MESSAGE: MESSAGE,
  DRONE_COMMIT_AUTHOR: 'ada',
  DRONE_COMMIT_AUTHOR_NAME: 'Ada L',
  DRONE_COMMIT_AUTHOR_EMAIL: 'ada@acme.test',
  DRONE_COMMIT_AUTHOR_AVATAR: 'https://git.acme.test/ada.png',
  CI_COMMIT_SHA: SHA.after,
  CI_COMMIT_REF: 'refs/heads/feature',
  CI_COMMIT_BRANCH: 'main',
  CI_COMMIT_MESSAGE: MESSAGE,
  CI_COMMIT_AUTHOR: 'ada',
  CI_COMMIT_AUTHOR_NAME: 'Ada L',
  CI_COMMIT_AUTHOR_EMAIL: 'ada@acme.test',
  CI_COMMIT_AUTHOR_AVATAR: 'https://git.acme.test/ada.png',
  DRONE_BUILD_NUMBER: /^\d+$/,
  DRONE_BUILD_PARENT: '0',
  DRONE_BUILD_EVENT: 'push',
  DRONE_BUILD_ACTION: '',
  DRONE_BUILD_TRIGGER: '@hook',
  DRONE_BUILD_STATUS: 'success',
  DRONE_BUILD_DEBUG: 'false',
  DRONE_BUILD_CREATED: /^\d{10}$/,
  DRONE_BUILD_STARTED: /^\d{10}$/,
  DRONE_BUILD_FINISHED: /^\d{10}$/,
  DRONE_BUILD_LINK: /\/acme\/widget\/\d+$/,
  DRONE_DEPLOY_TO: '',
  DRONE_DEPLOY_ID: '0',
  CI_BUILD_NUMBER: /^\d+$/,
  CI_PARENT_BUILD_NUMBER: '0',
  CI_BUILD_STATUS: /^(pending|running)$/,
  CI_BUILD_EVENT: 'push',
  CI_BUILD_LINK: /./,
  CI_BUILD_TARGET: '',
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
  DRONE_STAGE_VARIANT: '',
  DRONE_STAGE_DEPENDS_ON: '',
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

/** The same build, from another event. */
const another = (event: string, build: BuildRequest['build'], expected: Expected): EnvironmentBuild => ({
  request: { ...PUSH, event, build: { ...PUSH.build, ...build } },
  expected: { ...OF_A_PUSH, DRONE_BUILD_EVENT: event, CI_BUILD_EVENT: event, ...expected },
});

const ofRef = (ref: string): Expected => ({ DRONE_COMMIT_REF: ref, CI_COMMIT_REF: ref });

/** Builds from each event whose variables differ. */
export const ENVIRONMENT_BUILDS: Readonly<Record<string, EnvironmentBuild>> = {
  push: { request: PUSH, expected: OF_A_PUSH },
  'pull request': another(
    'pull_request',
    { ref: 'refs/pull/17/head', action: 'synchronized', title: 'a better gear' },
    {
      ...ofRef('refs/pull/17/head'),
      DRONE_BUILD_ACTION: 'synchronized',
      DRONE_PULL_REQUEST: '17',
      DRONE_PULL_REQUEST_TITLE: 'a better gear',
    },
  ),
  tag: another(
    'tag',
    { ref: 'refs/tags/v24.3.1-rc.2' },
    {
      ...ofRef('refs/tags/v24.3.1-rc.2'),
      DRONE_BUILD_ACTION: 'create',
      DRONE_TAG: 'v24.3.1-rc.2',
      DRONE_SEMVER: '24.3.1-rc.2',
      DRONE_SEMVER_MAJOR: '24',
      DRONE_SEMVER_MINOR: '3',
      DRONE_SEMVER_PATCH: '1',
      DRONE_SEMVER_SHORT: '24.3.1',
      DRONE_SEMVER_PRERELEASE: 'rc.2',
      DRONE_CALVER: '24.3.1-rc.2',
      DRONE_CALVER_MAJOR: '24',
      DRONE_CALVER_MINOR: '3',
      DRONE_CALVER_MAJOR_MINOR: '24.3',
      DRONE_CALVER_MICRO: '1',
      DRONE_CALVER_MODIFIER: 'rc.2',
      DRONE_CALVER_SHORT: '24.3.1',
    },
  ),
  promotion: another(
    'promote',
    { deploy_to: 'production', deploy_id: 3, parent: 5, trigger: 'kim' },
    {
      DRONE_BUILD_TRIGGER: 'kim',
      DRONE_BUILD_PARENT: '5',
      CI_PARENT_BUILD_NUMBER: '5',
      DRONE_DEPLOY_TO: 'production',
      DRONE_DEPLOY_ID: '3',
      CI_BUILD_TARGET: 'production',
    },
  ),
  cron: another('cron', { cron: 'nightly', trigger: '@cron' }, { DRONE_BUILD_TRIGGER: '@cron' }),
};

/** What Hangar adds, and what the shell and Kubernetes set. */
const OTHERS = /^(DRONE_STEP_NUMBER|PATH|HOME|HOSTNAME|PWD|OLDPWD|SHLVL|_|KUBERNETES_(SERVICE|PORT)_?\w*)$/;

/** Variables that a step printed and that are not as expected, missing or too many, one line for each. Pure. */
export function environmentDifferences(log: string, expected: Expected): readonly string[] {
  const text = Buffer.from(log.trimEnd().split('\n').at(-1) ?? '', 'base64').toString();
  const entries = text.split('\0').filter((entry) => entry !== '');
  const seen = new Map(
    entries.map((entry) => [entry.slice(0, entry.indexOf('=')), entry.slice(entry.indexOf('=') + 1)]),
  );
  const wrong = Object.entries(expected).flatMap(([name, want]) => {
    const value = seen.get(name);
    const fits = typeof want === 'string' ? value === want : want.test(value ?? '');
    return fits ? [] : [`${name}: ${JSON.stringify(value)} in place of ${String(want)}`];
  });
  const more = [...seen.keys()].filter((name) => !Object.hasOwn(expected, name) && !OTHERS.test(name));
  return [...wrong, ...more.map((name) => `${name}: ${JSON.stringify(seen.get(name))}, which was not set`)];
}
