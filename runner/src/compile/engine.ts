import type { PipelineStep } from '../pipeline/pipeline.ts';
import type { Engine } from '../pipeline/run-plan.ts';
import { refuse, stepTitle } from './refuse.ts';
import type { ImageConfig } from './settings.ts';

/** How a container begins, and with which command behind the gate. */
export interface Start {
  readonly engine: Engine;
  /** Command line of the child; empty with `swap`, where the image's own applies. */
  readonly argv: readonly string[];
  /** Text of the script file, when the step has one. */
  readonly script: string | undefined;
  readonly pid1: boolean;
  readonly stopSignal: string;
}

/** First words of images whose init system refuses to be anything but process 1. */
const INITS = [
  ...['/init', '/sbin/init', '/usr/sbin/init', '/lib/systemd/systemd', '/usr/lib/systemd/systemd'],
  ...[
    '/bin/systemd',
    '/package/admin/s6-overlay/bin/init',
    's6-svscan',
    '/bin/s6-svscan',
    '/usr/bin/s6-svscan',
  ],
];
const insistsOnPid1 = (argv: readonly string[]): boolean => INITS.includes(argv[0] ?? '');

/** Blanks, quotes and operators: a program's path has none of them. */
const NEEDS_SHELL = /[\s"'`$&|;<>()*?\\]/;

/**
 * `entrypoint` is a command line as it stands (docs/decisions/0003). A single element that can only be meant for a shell is
 * given to one, joined with `command` by blanks, as all of them once were.
 */
function entrypointArgv({ entrypoint, command }: PipelineStep): readonly string[] {
  const [only = ''] = entrypoint;
  if (entrypoint.length === 1 && NEEDS_SHELL.test(only))
    return ['/bin/sh', '-c', [only, ...command].join(' ')];
  return [...entrypoint, ...command];
}

function imageArgv(step: PipelineStep, config: ImageConfig): readonly string[] {
  const argv = [...config.entrypoint, ...(step.command.length > 0 ? step.command : config.cmd)];
  if (argv.length > 0) return argv;
  return refuse(
    'invalid-pipeline',
    `${stepTitle(step)}: image ${JSON.stringify(step.image)} has no command of its own; give the step "commands" or "command"`,
  );
}

const SCRIPT_ARGV = ['/bin/sh', '/hangar/own/script'];

/** What decides how a step starts. */
export interface StartSources {
  readonly step: PipelineStep;
  readonly role: 'step' | 'background';
  /** What the registry told about the image; undefined = nothing. */
  readonly config: ImageConfig | undefined;
  readonly script: (commands: readonly string[]) => string;
}

/**
 * Chooses gate or swap (gate §2, §3): the gate wherever the command line is known. An ordinary step whose image insists on
 * being process 1 is swapped, because the gate could not see its end; in the background it takes the gate's place.
 */
export function decideStart({ step, role, config, script }: StartSources): Start {
  const stopSignal = config?.stopSignal || 'SIGTERM';
  const gate = (argv: readonly string[], text?: string): Start => ({
    engine: 'gate',
    argv,
    script: text,
    pid1: role === 'background' && insistsOnPid1(argv),
    stopSignal,
  });
  if (step.entrypoint.length > 0) return gate(entrypointArgv(step));
  if (step.commands.length > 0) return gate(SCRIPT_ARGV, script(step.commands));
  const argv = config === undefined ? [] : imageArgv(step, config);
  const isSwapped = config === undefined || (role === 'step' && insistsOnPid1(argv));
  return isSwapped ? { engine: 'swap', argv: [], script: undefined, pid1: false, stopSignal } : gate(argv);
}
