import type { PipelineStep } from '../pipeline/pipeline.ts';
import type { Engine } from '../pipeline/run-plan.ts';
import { refuse, stepField, stepTitle } from './refuse.ts';
import type { ImageConfig } from './settings.ts';

/** How a container starts, and with which command behind the gate. */
export interface Start {
  readonly engine: Engine;
  /** Command line of the child; with `swap` empty where the image's own command applies. */
  readonly argv: readonly string[];
  /** Text of the script file, if the step has one. */
  readonly script: string | undefined;
  readonly pid1: boolean;
  readonly stopSignal: string;
  /** It is swapped because an earlier step pushes the image. */
  readonly isPushed: boolean;
}

/** Whether the step is swapped, and its command line is known: the gate's program holds it until then. */
export const isHeld = ({ engine, argv }: Start): boolean => engine === 'swap' && argv.length > 0;

/** Entry points of init systems that refuse to run unless they are process 1. */
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

/** Spaces, quotes and operators, which the path of a program does not contain. */
const NEEDS_SHELL = /[\s"'`$&|;<>()*?\\]/;

/**
 * Uses `entrypoint` as a command line (docs/decisions/0003). A single element that only a shell can interpret is
 * passed to a shell, joined with `command` by spaces, as the old runner did with all of them.
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
    stepField(step, 'image'),
  );
}

const SCRIPT_ARGV = ['/bin/sh', '/hangar/own/script'];

/** Inputs that decide how a step starts. */
export interface StartSources {
  readonly step: PipelineStep;
  readonly role: 'step' | 'background';
  /** Image metadata from the registry; undefined = unknown. */
  readonly config: ImageConfig | undefined;
  /** An earlier step pushes the image, so that it must not be pulled before the turn of this one. */
  readonly isPushed: boolean;
  readonly script: (commands: readonly string[]) => string;
}

/**
 * Chooses gate or swap (gate §2, §3): the gate wherever the command line is known, and the image exists when the Pod starts. An ordinary
 * step whose image must be process 1 is swapped, because the gate could not see its end; a background step replaces the gate.
 */
export function decideStart({ step, role, config, isPushed, script }: StartSources): Start {
  const stopSignal = config?.stopSignal || 'SIGTERM';
  const swap = (argv: readonly string[], text?: string): Start => ({
    engine: 'swap',
    argv,
    script: text,
    pid1: false,
    stopSignal,
    isPushed,
  });
  const gate = (argv: readonly string[], text?: string): Start => ({
    ...swap(argv, text),
    engine: 'gate',
    pid1: role === 'background' && insistsOnPid1(argv),
  });
  const start = isPushed ? swap : gate;
  if (step.entrypoint.length > 0) return start(entrypointArgv(step));
  if (step.commands.length > 0) return start(SCRIPT_ARGV, script(step.commands));
  if (config === undefined) return swap([]);
  const argv = imageArgv(step, config);
  return role === 'step' && insistsOnPid1(argv) ? swap([]) : gate(argv);
}
