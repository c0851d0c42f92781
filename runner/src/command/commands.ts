import { command } from '@hangar/shared/program/command';
import type { Program } from '@hangar/shared/program/program';
import { COMPILE_OPTIONS, DOCTOR_OPTIONS, EXEC_OPTIONS, LINT_OPTIONS } from './options.ts';

const USUAL_FILE = '.drone.yml';
const COULD_NOT = "a file that can't be read, or a wrong option";

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
  notes: `Runs until SIGTERM or SIGINT. Then it hands over within seconds: pipelines go on in their Pods, and the next
runner that starts, or another replica, takes them over. A second signal ends it at once.

Settings are environment variables (docs/configuration.md); a file .env in the working directory and ENVFILE fill in
what is not set. Required: DRONE_RPC_HOST, DRONE_RPC_SECRET.

HTTP, at DRONE_SERVER_PORT (:3000): /healthz /livez /readyz /metrics /stages /demand, and with DRONE_UI_PASSWORD a page at /.`,
  exits: {
    ok: 'stopped as told',
    usage: 'more than one environment file, or an option',
    bug: 'a bug, see the log; or handing over took too long',
    tryAgain: 'the listen address is taken: start it again',
    config: 'settings or rights are wrong, all of them named, or another runner of this name lives',
    interrupted: 'a second signal',
  },
  run: async ({ words }, context) => (await import('./daemon.ts')).daemon(words[0], context),
});

const LINT = command({
  name: 'hangar-runner lint',
  words: '[FILE...]',
  summary: 'says what keeps pipelines of type kubernetes from running; needs no cluster',
  examples: [
    'hangar-runner lint                         .drone.yml',
    'hangar-runner lint - < pipeline.yml        standard input',
    'hangar-runner lint --trusted ci/*.yml      the repository may mount host volumes and run privileged',
    'hangar-runner lint --json .drone.yml       [{"file","line","column","severity","message"}]',
  ],
  options: LINT_OPTIONS,
  notes:
    'Without FILE, .drone.yml is taken. Prints FILE:LINE:COL: message for each problem, FILE:LINE:COL: warning: message for what is only odd.',
  exits: { ok: 'no problem', failed: 'problems', usage: COULD_NOT },
  run: async ({ options, words }, context) => (await import('./lint.ts')).lint(options, words, context),
});

const SCHEMA = command({
  name: 'hangar-runner schema',
  summary: 'prints the JSON Schema of pipeline files, for completion and help in editors',
  examples: ['hangar-runner schema > pipeline.schema.json'],
  options: {},
  notes: `The same schema is docs/reference/pipeline.schema.json. Editors with the YAML language server take it from a line in the file:
# yaml-language-server: $schema=pipeline.schema.json`,
  exits: { ok: 'printed', usage: 'a word or an option' },
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
  notes: `Without FILE, .drone.yml is taken. Secret values are shown as ****** unless --show-secrets. Without --look-up, steps that
run the command of their image (plugins) are compiled as swapped ones; a comment says so.`,
  exits: { ok: 'printed', usage: COULD_NOT, config: "the pipeline can't be run as it stands" },
  run: async ({ options, words }, context) =>
    (await import('./compile.ts')).compile(options, options.source ?? words[0] ?? USUAL_FILE, context),
});

const DOCTOR = command({
  name: 'hangar-runner doctor',
  summary:
    'says what becomes of the settings of an old runner, and whether server and cluster can be reached',
  examples: [
    'hangar-runner doctor                                    the environment that it runs in',
    'hangar-runner doctor --env-file old-runner.env          a file of NAME=value lines, and nothing else',
    'kubectl exec deploy/drone-runner -- env > old-runner.env; hangar-runner doctor --offline --env-file old-runner.env',
    'kubectl get deployment drone-runner -o yaml > old.yaml; hangar-runner doctor --deployment old.yaml',
    'helm get values drone-runner > old.yaml; hangar-runner doctor --helm-values old.yaml > hangar.yaml',
    'hangar-runner doctor --json | jq ".settings[] | select(.verdict != \\"kept\\")"',
  ],
  options: DOCTOR_OPTIONS,
  notes: `For each variable: kept (means what it meant), changed (how), ignored (why), unknown (did you mean ...?), wrong (the cure).
Then the Drone server is pinged with its secret, and the rights in the cluster are reviewed, each one that is missing with the
rule to add. Nothing is written anywhere, and no value is shown but those that are wrong and no secrets.`,
  exits: { ok: 'the runner would start', usage: COULD_NOT, config: 'something is wrong, all of it named' },
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
  notes: `Without FILE, .drone.yml is taken. Nothing of the working directory is sent: the pipeline clones if --repo-http tells from
where. Ctrl-C cancels and deletes the Pod; once more leaves at once. Should the program itself be killed, the pipeline ends by its
time limit, but its Pod stays until "kubectl delete pod" (the command is told at the start); its Secrets go with it.`,
  exits: {
    ok: 'success',
    failed: 'the pipeline failed, or the cluster does not answer',
    usage: COULD_NOT,
    config: "the pipeline can't be run as it stands",
    interrupted: 'cancelled by Ctrl-C',
  },
  run: async ({ options, words }, context) =>
    (await import('./exec.ts')).exec(options, words[0] ?? USUAL_FILE, context),
});

/** The program `hangar-runner`. */
export const RUNNER: Program = {
  name: 'hangar-runner',
  summary: 'hangar-runner runs the pipelines of a Drone server in Pods of a Kubernetes cluster.',
  commands: [DAEMON, LINT, SCHEMA, COMPILE, DOCTOR, EXEC],
  standard: 'daemon',
  notes: 'Settings are environment variables: docs/configuration.md lists them all.',
};
