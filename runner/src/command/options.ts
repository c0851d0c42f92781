import {
  asText,
  asWhole,
  flag,
  grouped,
  option,
  pairs,
  repeated,
  textOr,
  type Values,
} from '@hangar/shared/program/options';

/** Command line options that several commands share. */

const text = (help: string, value = 'TEXT') => option(value, help, asText);
const named = (help: string) => textOr('', 'TEXT', help);
const whole = (help: string) => option('N', help, asWhole());
const wholeOr = (fallback: number, help: string) => option('N', help, asWhole(), fallback);

/** Build data that a Drone server would send (previous-runner §2.4). */
export const BUILD_OPTIONS = {
  ...grouped('Repository', {
    'repo-id': wholeOr(1, 'number of the repository'),
    'repo-namespace': named('DRONE_REPO_NAMESPACE'),
    'repo-name': named('DRONE_REPO_NAME'),
    'repo-slug': named('DRONE_REPO (namespace/name)'),
    'repo-http': named('DRONE_GIT_HTTP_URL, the URL that the clone step clones'),
    'repo-ssh': named('DRONE_GIT_SSH_URL'),
    'repo-link': named('DRONE_REPO_LINK'),
    'repo-branch': named('DRONE_REPO_BRANCH'),
    'repo-private': flag('DRONE_REPO_PRIVATE'),
    'repo-visibility': named('DRONE_REPO_VISIBILITY'),
    'repo-trusted': flag('the repository may mount volumes of the host and run privileged'),
    'repo-protected': flag('accepted; has no effect here'),
    'repo-timeout': wholeOr(60, 'timeout of the whole pipeline in minutes'),
    'repo-created': whole('Unix seconds (now)'),
    'repo-updated': whole('Unix seconds (now)'),
  }),
  ...grouped('Build', {
    'build-id': wholeOr(1, 'number of the build at the Drone server'),
    'build-number': wholeOr(1, 'DRONE_BUILD_NUMBER'),
    'build-parent': wholeOr(0, 'DRONE_BUILD_PARENT'),
    'build-event': named('DRONE_BUILD_EVENT (push); decides with the conditions of `when` which steps run'),
    'build-action': named('DRONE_BUILD_ACTION'),
    'build-cron': named('name of the cron job'),
    'build-target': named('DRONE_DEPLOY_TO'),
    'build-param': pairs('a parameter of the build'),
    'build-created': whole('Unix seconds (now)'),
    'build-updated': whole('Unix seconds (now)'),
  }),
  ...grouped('Commit and author', {
    'commit-sender': named('who sent it'),
    'commit-link': named('DRONE_COMMIT_LINK'),
    'commit-title': named('DRONE_PULL_REQUEST_TITLE'),
    'commit-message': named('DRONE_COMMIT_MESSAGE'),
    'commit-before': named('DRONE_COMMIT_BEFORE'),
    'commit-after': named('DRONE_COMMIT, the commit that is built'),
    'commit-ref': named('DRONE_COMMIT_REF, such as refs/heads/main or refs/tags/v1.2.3'),
    'commit-fork': named('repository of the fork'),
    'commit-source': named('DRONE_SOURCE_BRANCH'),
    'commit-target': named('DRONE_BRANCH, the branch'),
    'author-login': named('DRONE_COMMIT_AUTHOR'),
    'author-name': named('DRONE_COMMIT_AUTHOR_NAME'),
    'author-email': named('DRONE_COMMIT_AUTHOR_EMAIL'),
    'author-avatar': named('DRONE_COMMIT_AUTHOR_AVATAR'),
  }),
  ...grouped('Stage', {
    'stage-id': whole('number of the stage at the Drone server'),
    'stage-number': wholeOr(1, 'DRONE_STAGE_NUMBER'),
    'stage-name': named('name of the pipeline in the file (default)'),
    'stage-kind': named('DRONE_STAGE_KIND (pipeline)'),
    'stage-type': named('DRONE_STAGE_TYPE (kubernetes)'),
    'stage-os': named('DRONE_STAGE_OS'),
    'stage-arch': named('DRONE_STAGE_ARCH'),
    'stage-variant': named('DRONE_STAGE_VARIANT'),
    'stage-kernel': named('kernel that the pipeline requires'),
    'stage-created': whole('Unix seconds (now)'),
    'stage-updated': whole('Unix seconds (now)'),
  }),
  ...grouped('Git credentials and server', {
    'netrc-machine': named('host that the Git credentials are for'),
    'netrc-username': named('user of the Git credentials'),
    'netrc-password': named('password of the Git credentials'),
    'system-host': named('DRONE_SYSTEM_HOST'),
    'system-proto': named('DRONE_SYSTEM_PROTO'),
    'system-link': named('address of the server'),
    'system-version': named('DRONE_SYSTEM_VERSION'),
  }),
};

/** Settings of a daemon (previous-runner §2.2); `DRONE_*` and `HANGAR_*` variables are read too, options take precedence. */
const POD_OPTIONS = grouped('Pod', {
  namespace: text('namespace of the Pod if the pipeline does not set one'),
  secrets: pairs('a secret of the pipeline; visible in the process list, so prefer:'),
  'secret-file': repeated('FILE', 'secrets from a file of NAME=value lines', asText),
  environ: pairs('a variable for every step and for ${} substitution'),
  labels: pairs('a label of the Pod'),
  volumes: pairs('directory of the host=path in every step; the suffix :ro makes it read-only'),
  privileged: repeated('IMAGE', 'an additional image that runs privileged', asText),
  policy: text('policy file', 'FILE'),
  'gate-image': text('image of the gate (HANGAR_GATE_IMAGE)', 'IMAGE'),
  'clone-image': text('image of the clone step (DRONE_IMAGE_CLONE)', 'IMAGE'),
  'service-account': text('service account if the pipeline does not set one', 'NAME'),
  'limit-memory': whole('memory limit of each container in MiB'),
  'limit-cpu': whole('CPU limit of each container in millicores'),
  'request-memory': whole('memory request of the Pod in MiB (100)'),
  'request-cpu': whole('CPU request of the Pod in millicores (100)'),
  'min-request-memory': whole('minimum memory request of a container in MiB (4)'),
  'min-request-cpu': whole('minimum CPU request of a container in millicores (1)'),
  'netrc-clone-only': flag('only the clone step receives the Git credentials'),
  'tmate-enabled': flag('debug sessions for builds with the debug flag'),
  'tmate-image': text('image that carries tmate', 'IMAGE'),
  'tmate-server-host': text('host of your own tmate server'),
  'tmate-server-port': text('port of your own tmate server'),
  'tmate-server-rsa-fingerprint': text('RSA host key of your own tmate server'),
  'tmate-server-ed25519-fingerprint': text('Ed25519 host key of your own tmate server'),
});

/** Options for compiling one pipeline of a file to a Pod. */
const PIPELINE_OPTIONS = {
  clone: flag('with the clone step (--no-clone: without)'),
  include: repeated('STEP', 'only these steps, and clone', asText),
  exclude: repeated('STEP', 'without these steps', asText),
  timeout: text('timeout of the whole pipeline: 90s, 15m, 2h (60m)', 'SPAN'),
  ...POD_OPTIONS,
  ...BUILD_OPTIONS,
};

/** Options of `lint`. */
export const LINT_OPTIONS = {
  json: flag('print the findings as JSON'),
  ...BUILD_OPTIONS,
};

/** Options of `fmt`. */
export const FMT_OPTIONS = {
  write: flag('write the formatted text to the files, and print the names of those that change'),
  check: flag('print the names of files that are not formatted, and change none'),
};

/** Options of `compile`. */
export const COMPILE_OPTIONS = {
  source: text('the file, as in the previous runner', 'FILE'),
  'show-secrets': flag('print secret values; kubectl accepts only this output'),
  'look-up': flag('look up the commands of plugin images in their registries, as the daemon does'),
  json: flag('print a List as JSON'),
  spec: flag('accepted; YAML is the default'),
  ...PIPELINE_OPTIONS,
};

/** Options of `exec`; the last ones are those of the old program, so that scripts continue to work. */
export const EXEC_OPTIONS = {
  kubeconfig: text(
    'kubeconfig of the cluster; its current context is used (default as for kubectl: KUBECONFIG, ~/.kube/config)',
    'FILE',
  ),
  json: flag('print the result as JSON; logs go to standard error'),
  color: flag('with colours (--no-color: without; on a terminal, unless NO_COLOR is set)'),
  debug: flag('log what the runner does'),
  ...PIPELINE_OPTIONS,
  ...grouped('Compatibility with the previous runner', {
    pretty: flag('the same as --color'),
    dump: flag('the same as --json'),
    trace: flag('the same as --debug'),
    'engine-container-start-timeout': whole('seconds that a container may take to start (480)'),
    'kube-client-qps': whole('has no effect'),
    'kube-client-burst': whole('has no effect'),
  }),
};

/** Options of `doctor`. */
export const DOCTOR_OPTIONS = {
  'env-file': text('read the settings from this file instead of the environment', 'FILE'),
  deployment: text('read the settings from this Deployment (kubectl get deployment NAME -o yaml)', 'FILE'),
  'helm-values': text("print these values of the previous runner's chart as values of Hangar's", 'FILE'),
  offline: flag('contact neither the Drone server nor Kubernetes'),
  json: flag('print {"ok","verdict","settings","checks","rules","warnings"}'),
};

/** Parsed build options. */
export type BuildOptions = Values<typeof BUILD_OPTIONS>;

/** Parsed pipeline options. */
export type PipelineOptions = Values<typeof PIPELINE_OPTIONS>;
