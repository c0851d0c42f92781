import { setFlagsFromString } from 'node:v8';
import { command } from '@hangar/shared/program/command';
import type { Program } from '@hangar/shared/program/program';
import { COMPILE_OPTIONS, DOCTOR_OPTIONS, EXEC_OPTIONS, FMT_OPTIONS, LINT_OPTIONS } from './options.ts';

const USUAL_FILE = '.drone.yml';
const COULD_NOT = 'a file that cannot be read, or an invalid option';

/** The runner for pipelines of a Drone server. A command's code is loaded when the command is run. */
const DAEMON = command({
  name: 'hangar-runner daemon',
  words: '[ENVFILE]',
  summary: 'takes pipelines from the Drone server and runs each in a Pod (the default)',
  examples: [
    'hangar-runner daemon                in a Pod, with settings as variables',
    'DRONE_RPC_HOST=drone.acme.test DRONE_RPC_SECRET=... DRONE_KUBERNETES_CONFIG=~/.kube/config \\',
    '  HANGAR_LEASE_NAMESPACE=default hangar-runner daemon       outside of a cluster, to try it',
  ],
  options: {},
  notes: `Runs until SIGTERM or SIGINT. Then it hands over within seconds: pipelines continue in their Pods, and the next
runner that starts, or another replica, takes them over. A second signal ends the process at once.

Settings are environment variables (docs/configuration.md); a file .env in the working directory and ENVFILE fill in
what is not set. Required: DRONE_RPC_HOST, DRONE_RPC_SECRET.

HTTP, at DRONE_SERVER_PORT (:3000): /healthz /livez /readyz /metrics /stages /demand, and with DRONE_UI_PASSWORD a page at /.`,
  exits: {
    ok: 'stopped by a signal',
    usage: 'more than one environment file, or an unknown option',
    bug: 'a bug, see the log; or the hand-over took too long',
    tryAgain: 'the listen address is taken: start it again',
    config:
      'settings or permissions are invalid (all problems are listed), or another running runner has this name',
    interrupted: 'a second signal',
  },
  run: async ({ words }, context) => {
    // The heap is collected when it has grown by a fifth: with many pipelines at once, memory stays close to what is in use.
    setFlagsFromString('--heap-growing-percent=20');
    return (await import('./daemon.ts')).daemon(words[0], context);
  },
});

const LINT = command({
  name: 'hangar-runner lint',
  words: '[FILE...]',
  summary: 'checks pipelines of type kubernetes; needs no cluster',
  examples: [
    'hangar-runner lint                         .drone.yml',
    'hangar-runner lint - < pipeline.yml        standard input',
    'hangar-runner lint --repo-trusted ci/*.yml the repository may mount host volumes and run privileged',
    'hangar-runner lint --json .drone.yml       [{"file","line","column","severity","message"}]',
  ],
  options: LINT_OPTIONS,
  notes:
    'The default FILE is .drone.yml. Prints FILE:LINE:COL: message for each problem, and FILE:LINE:COL: warning: message for\nwarnings.',
  exits: { ok: 'no problem', failed: 'problems', usage: COULD_NOT },
  run: async ({ options, words }, context) => (await import('./lint.ts')).lint(options, words, context),
});

const FMT = command({
  name: 'hangar-runner fmt',
  words: '[FILE...]',
  summary: 'formats pipeline files and keeps their comments',
  examples: [
    'hangar-runner fmt                          prints .drone.yml, formatted',
    'hangar-runner fmt --write ci/*.yml         changes the files',
    'hangar-runner fmt --check .drone.yml       fails if the file is not formatted',
  ],
  options: FMT_OPTIONS,
  notes: `The default FILE is .drone.yml; - is standard input. Blocks are indented by two spaces. Comments, blank lines, quotes, scripts
and the order of keys stay. The result is read again: a file whose meaning would change stays as it is.`,
  exits: {
    ok: 'formatted',
    failed: 'a file is not valid YAML; with --check, a file is not formatted',
    usage: COULD_NOT,
  },
  run: async ({ options, words }, context) => (await import('./fmt.ts')).fmt(options, words, context),
});

const SCHEMA = command({
  name: 'hangar-runner schema',
  summary: 'prints the JSON Schema of pipeline files, for completion and help in editors',
  examples: ['hangar-runner schema > pipeline.schema.json'],
  options: {},
  notes: `The same schema is docs/reference/pipeline.schema.json. Editors with the YAML language server read its path from a comment in the file:
# yaml-language-server: $schema=pipeline.schema.json`,
  exits: { ok: 'printed', usage: 'an argument or an option was given; the command takes none' },
  run: async (_, context) => (await import('./schema.ts')).schema(context),
});

const COMPILE = command({
  name: 'hangar-runner compile',
  words: '[FILE]',
  summary: 'prints the Pod and the Secrets of a pipeline as YAML; needs no cluster',
  examples: [
    'hangar-runner compile .drone.yml',
    'hangar-runner compile --stage-name arm64 .drone.yml',
    'hangar-runner compile --build-event tag --commit-ref refs/tags/v1.2.3 .drone.yml',
    'hangar-runner compile --look-up --secret-file secrets.env --show-secrets .drone.yml',
  ],
  options: COMPILE_OPTIONS,
  notes: `The default FILE is .drone.yml. Secret values are shown as ****** without --show-secrets. Without --look-up, steps that
run the command of their image (plugins) are compiled as swapped steps, and a comment in the output names them.`,
  exits: { ok: 'printed', usage: COULD_NOT, config: 'the pipeline is invalid' },
  run: async ({ options, words }, context) =>
    (await import('./compile.ts')).compile(options, options.source ?? words[0] ?? USUAL_FILE, context),
});

const DOCTOR = command({
  name: 'hangar-runner doctor',
  summary:
    'checks settings, the connection to the Drone server, and permissions; also for migration from the previous runner',
  examples: [
    'hangar-runner doctor                                    the current environment',
    'hangar-runner doctor --env-file old-runner.env          only a file of NAME=value lines',
    'kubectl exec deploy/hangar-runner -- hangar-runner doctor    an installed runner, from its Pod',
    'kubectl exec deploy/drone-runner -- env > old-runner.env; hangar-runner doctor --offline --env-file old-runner.env',
    'kubectl get deployment drone-runner -o yaml > old.yaml; hangar-runner doctor --deployment old.yaml',
    'helm get values drone-runner > old.yaml; hangar-runner doctor --helm-values old.yaml > hangar.yaml',
    'hangar-runner doctor --json | jq ".settings[] | select(.verdict != \\"kept\\")"',
  ],
  options: DOCTOR_OPTIONS,
  notes: `For each variable: kept (same meaning as in the previous runner), changed, ignored, unknown or wrong, each with an explanation.
Then it pings the Drone server with the secret, and reviews the permissions in the cluster. For each missing permission it
prints the rule to add. It writes nothing, and prints only invalid values, never secrets.`,
  exits: {
    ok: 'no error was found; the last line states whether checks were skipped or settings are unknown',
    usage: COULD_NOT,
    config: 'something is wrong; all problems are listed',
  },
  run: async ({ options }, context) => (await import('./doctor.ts')).doctor(options, context),
});

const EXEC = command({
  name: 'hangar-runner exec',
  words: '[FILE]',
  summary: 'runs a pipeline on the cluster of the current kube context, without a Drone server',
  examples: [
    'hangar-runner exec .drone.yml',
    'hangar-runner exec --namespace ci --secret-file secrets.env .drone.yml',
    'hangar-runner exec --include test --include lint .drone.yml',
    'hangar-runner exec --repo-http https://git.acme.test/widget.git --commit-target main .drone.yml',
    'hangar-runner exec --kubeconfig kind.yml --timeout 10m --json .drone.yml > result.json',
  ],
  options: EXEC_OPTIONS,
  notes: `The default FILE is .drone.yml. The working directory is not sent to the cluster: the pipeline has a clone step only with
--repo-http URL. Ctrl-C cancels the pipeline and deletes the Pod; a second Ctrl-C exits at once. If the program is killed, the
pipeline stops at its time limit, but the Pod and its Secrets stay until you delete the Pod with the command printed at the start.`,
  exits: {
    ok: 'success',
    failed: 'the pipeline failed',
    usage: 'a file that cannot be read, an invalid option, or no kubeconfig',
    tryAgain: 'the Kubernetes API does not answer',
    config: 'the pipeline is invalid, or a permission in the cluster is missing',
    interrupted: 'cancelled by Ctrl-C',
  },
  run: async ({ options, words }, context) =>
    (await import('./exec.ts')).exec(options, words[0] ?? USUAL_FILE, context),
});

/** The program `hangar-runner`. */
export const RUNNER: Program = {
  name: 'hangar-runner',
  summary: 'hangar-runner runs the pipelines of a Drone server in Pods of a Kubernetes cluster.',
  commands: [DAEMON, LINT, FMT, SCHEMA, COMPILE, DOCTOR, EXEC],
  standard: 'daemon',
  notes: 'Settings are environment variables: docs/configuration.md lists them all.',
};
