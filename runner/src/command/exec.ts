import { errorText } from '@hangar/shared/error-text';
import { type Connection, connectKubernetes } from '@hangar/shared/kubernetes/connection';
import { HttpCluster } from '@hangar/shared/kubernetes/http-cluster';
import { UsageError } from '@hangar/shared/program/command-error';
import type { CommandContext } from '@hangar/shared/program/context';
import { EXIT, type ExitCode } from '@hangar/shared/program/exit-codes';
import type { Values } from '@hangar/shared/program/options';
import { patienceOf } from '../assemble.ts';
import type { RunnerConfig } from '../config/runner-config.ts';
import { letters } from '../stage/compile-pipeline.ts';
import type { Patience } from '../watch/trouble.ts';
import { type LocalEnd, runLocally } from './exec/run-locally.ts';
import { Screen, screenLogger } from './exec/screen.ts';
import { resultOf, summaryText } from './exec/summary.ts';
import { compileLocally, type LocalPipeline } from './local/compile-locally.ts';
import type { EXEC_OPTIONS } from './options.ts';

type ExecOptions = Values<typeof EXEC_OPTIONS>;

/** One run, with all decisions that need no cluster. */
interface Run extends LocalPipeline {
  readonly options: ExecOptions;
  readonly connection: Connection;
  readonly stop: AbortSignal;
}

/** Far above the ids of any server: a daemon in the same namespace never mistakes such a Pod for one of its stages. */
const STAGE_IDS = 2 ** 50;
const OWNER_LETTERS = 10;

/** `exec FILE`: runs a pipeline on the cluster of the current kube context, without a Drone server (previous-runner §2.3). */
export async function exec(options: ExecOptions, file: string, context: CommandContext): Promise<ExitCode> {
  const { random } = context;
  const stop = context.stopSignal();
  const connection = await connected(options.kubeconfig);
  try {
    const stageId = Math.floor(random() * STAGE_IDS) + STAGE_IDS;
    const clone: Parameters<typeof compileLocally>[0]['clone'] = ({ repo }) => repo.httpUrl !== '';
    const { namespace } = connection;
    const made = await compileLocally({ file, options, namespace, stageId, clone }, context, stop);
    return made === undefined
      ? EXIT.config
      : await supervise({ ...made, options, connection, stop }, context);
  } catch (error) {
    if (stop.aborted) return EXIT.interrupted;
    throw error;
  } finally {
    await connection.close();
  }
}

async function supervise(run: Run, context: CommandContext): Promise<ExitCode> {
  const { print, complain } = context;
  const { compiled, subject, options, stop } = run;
  const json = options.json ?? options.dump ?? false;
  const screen = screenOf(options, json, context);
  if (compiled.plan.steps.length === 0) {
    screen.say(`no step of pipeline ${subject.pipeline.name} matches this build: nothing to run`);
    return EXIT.ok;
  }
  const end = await runStage(run, screen, context);
  const [namespace, pod] = [compiled.namespace, compiled.pod.metadata?.name ?? ''];
  const { timeoutMs } = compiled.plan;
  const result = resultOf(end, { namespace, pod, interrupted: stop.aborted, timeoutMs });
  screen.write(summaryText(result, screen));
  if (!end.cleaned) complain(`Pod ${pod} could not be removed: ${removal(namespace, pod)}`);
  if (json) print(JSON.stringify(result));
  return result.exitCode;
}

function screenOf(options: ExecOptions, json: boolean, context: CommandContext): Screen {
  const { print, complain, isTerminal, isColoured } = context;
  return new Screen(json ? complain : print, {
    colour: options.color ?? options.pretty ?? isColoured,
    isTerminal: isTerminal && !json,
  });
}

async function runStage(
  run: Run,
  screen: Screen,
  { clock, random, complain }: CommandContext,
): Promise<LocalEnd> {
  const { options, config, subject, compiled, connection, stop } = run;
  const verbose = options.debug ?? options.trace ?? false;
  const heard = (): void => screen.say('stopping: the Pod is being deleted; a second Ctrl-C exits at once');
  stop.addEventListener('abort', heard, { once: true });
  try {
    return await runLocally(
      {
        clock,
        random,
        screen,
        cluster: new HttpCluster(clock, connection),
        log: screenLogger((text) => complain(screen.dim(text)), verbose),
        patience: patienceFor(options['engine-container-start-timeout'], config),
      },
      // No Lease can have such a name, so that no daemon adopts the Pod.
      {
        compiled,
        detail: subject.detail,
        owner: `local exec/${letters(random, OWNER_LETTERS)}`,
        gateVolume: config.compile.gateVolume,
      },
      { stop, onConnected: () => tellBeginning(run, screen) },
    );
  } finally {
    stop.removeEventListener('abort', heard);
  }
}

/** The daemon's settings, overridden by the command line. */
function patienceFor(startSeconds: number | undefined, config: RunnerConfig): Patience {
  const usual = patienceOf(config);
  return startSeconds ? { ...usual, startMs: startSeconds * 1_000 } : usual;
}

/** If this program is killed, its Pod ends by itself but is not deleted: the remedy is printed first. */
function tellBeginning({ subject, compiled, config }: Run, screen: Screen): void {
  const { namespace, pod } = compiled;
  const { pipeline, manifest } = subject;
  const name = pod.metadata?.name ?? '';
  screen.say(`pipeline ${pipeline.name} as Pod ${name} in namespace ${namespace}`);
  screen.say(`(to remove it if this program is killed: ${removal(namespace, name)})`);
  const isWanted = manifest.pipelines.every((one) => one.name !== pipeline.name || !one.clone.disable);
  if (pipeline.clone.disable && isWanted)
    screen.say(`without a clone step; --repo-http URL clones, with the image ${config.compile.cloneImage}`);
}

const removal = (namespace: string, pod: string): string => `kubectl delete pod -n ${namespace} ${pod}`;

async function connected(kubeconfig: string | undefined): Promise<Connection> {
  try {
    return await connectKubernetes(kubeconfig ?? 'default');
  } catch (error) {
    const file = kubeconfig === undefined ? '' : `${kubeconfig}: `;
    throw new UsageError(
      `cannot connect to a cluster: ${file}${errorText(error)}. Name a kubeconfig with --kubeconfig or KUBECONFIG`,
    );
  }
}
