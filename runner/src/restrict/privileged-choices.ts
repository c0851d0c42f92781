import type { FieldPath, Pipeline, PipelineStep } from '../pipeline/pipeline.ts';
import type { Choices, ForbiddenChoice, NameChoice } from './check.ts';
import { fieldOf } from './pipeline-choices.ts';
import { shown } from './shown.ts';

/** Variables that a plugin's step needs, and that run nothing else. */
const HARMLESS = /^(DRONE|DRONE_.*|CI|CI_.*|PLUGIN_.*)$/;
const PROXIES = /^(no|http|https|all)_proxy$/i;
const OF_DOCKER = /^DOCKER_/;

/** Variables by which a program loads other code, or finds other programs and settings. */
const LOADING = new RegExp(
  `^(${[
    ...['LD_.*', 'DYLD_.*', 'GLIBC_TUNABLES', 'GCONV_PATH', 'LOCPATH', 'PATH', 'HOME', 'XDG_.*'],
    ...['DOCKER_CONFIG', 'DOCKER_HOST', 'DOCKER_OPTS', 'BASH_.*', 'BASHOPTS', 'CDPATH', 'ENV', 'IFS', 'PS4'],
    ...[
      'PROMPT_COMMAND',
      'SHELLOPTS',
      'ZDOTDIR',
      'PYTHONHOME',
      'PYTHONPATH',
      'PYTHONSTARTUP',
      'PYTHONUSERBASE',
    ],
    // Files of variables that plugins load when they start: each line may be one of the others.
    ...['PLUGIN_ENV_FILE', 'ENV_FILE'],
    ...['PERL5DB', 'PERL5LIB', 'PERL5OPT', 'PERLLIB', 'RUBYLIB', 'RUBYOPT', 'NODE_OPTIONS', 'NODE_PATH'],
    ...[
      'JAVA_TOOL_OPTIONS',
      'JDK_JAVA_OPTIONS',
      '_JAVA_OPTIONS',
      'GIT_ASKPASS',
      'GIT_CONFIG.*',
      'GIT_EXEC_PATH',
    ],
    ...[
      'GIT_EXTERNAL_DIFF',
      'GIT_PROXY_COMMAND',
      'GIT_SSH',
      'GIT_SSH_COMMAND',
      'GIT_TEMPLATE_DIR',
      'SSH_ASKPASS',
    ],
  ].join('|')})$`,
);

/** Where a workspace hides nothing of an image. */
const OWN_FOLDER = /^\/drone(\/|$)/;
/** Folders of every Linux image: a workspace over one of them replaces programs and libraries. */
const SYSTEM_FOLDER =
  /^\/(bin|boot|dev|etc|home|lib|lib32|lib64|libx32|media|mnt|opt|proc|root|run|sbin|srv|sys|usr|var)(\/|$)/;

/** The privileged steps of an untrusted build, and what of the pipeline is in their environment. */
export interface PrivilegedSources {
  readonly pipeline: Pick<Pipeline, 'environment'>;
  /** Names of the build's parameters. */
  readonly parameters: readonly string[];
  /** Where the workspace is mounted. */
  readonly workspace: string;
  /** Steps that run privileged because of their image. */
  readonly steps: readonly PipelineStep[];
}

interface Variable {
  readonly name: string;
  readonly origin: string;
  readonly at: FieldPath;
}

function variablesOf(step: PipelineStep, { pipeline, parameters }: PrivilegedSources): readonly Variable[] {
  const of = (variables: object, origin: string, at: FieldPath): readonly Variable[] =>
    Object.keys(variables).map((name) => ({ name, origin, at: [...at, name] }));
  return [
    ...of(step.environment, '', fieldOf(step, 'environment')),
    ...of(step.settings, '', fieldOf(step, 'settings')),
    ...of(pipeline.environment, ' of the pipeline', ['environment']),
    // They are not in the file: the step is what a rule makes privileged.
    ...parameters.map((name) => ({ name, origin: ' of the build', at: fieldOf(step, 'image') })),
  ];
}

const isHarmless = ({ name, origin }: Variable): boolean =>
  HARMLESS.test(name) || PROXIES.test(name) || (origin === '' && OF_DOCKER.test(name));

function workspaceChoice(step: PipelineStep, workspace: string): Pick<Choices, 'names' | 'forbidden'> {
  const what = `workspace.path ${shown(workspace)} in privileged step ${shown(step.name)}`;
  const at = ['workspace', 'path'];
  if (OWN_FOLDER.test(workspace)) return { names: [], forbidden: [] };
  if (SYSTEM_FOLDER.test(workspace))
    return { names: [], forbidden: [{ what, why: 'it would replace files of the image', at }] };
  return { names: [{ rule: 'privilegedEnvironment', value: 'workspace.path', what, at }], forbidden: [] };
}

function choicesOfStep(step: PipelineStep, sources: PrivilegedSources): Pick<Choices, 'names' | 'forbidden'> {
  const variables = variablesOf(step, sources);
  const title = ({ name, origin }: Variable): string =>
    `variable ${shown(name)}${origin} in privileged step ${shown(step.name)}`;
  const loading = variables.filter(({ name }) => LOADING.test(name));
  const others = variables.filter((one) => !LOADING.test(one.name) && !isHarmless(one));
  const workspace = workspaceChoice(step, sources.workspace);
  const forbidden = loading.map(
    (one): ForbiddenChoice => ({
      what: title(one),
      why: 'it changes how programs are found or loaded',
      at: one.at,
    }),
  );
  const names = others.map(
    (one): NameChoice => ({ rule: 'privilegedEnvironment', value: one.name, what: title(one), at: one.at }),
  );
  return { names: [...names, ...workspace.names], forbidden: [...forbidden, ...workspace.forbidden] };
}

/** What the author of an untrusted build gives to steps that run privileged because of their image. Pure. */
export function privilegedChoices(sources: PrivilegedSources): Choices {
  const steps = sources.steps.map((step) => choicesOfStep(step, sources));
  return {
    names: steps.flatMap(({ names }) => names),
    amounts: [],
    forbidden: steps.flatMap(({ forbidden }) => forbidden),
  };
}
