import { errorText } from '@hangar/shared/error-text';
import { type Connection, connectKubernetes } from '@hangar/shared/kubernetes/connection';
import { HttpCluster } from '@hangar/shared/kubernetes/http-cluster';
import { patienceOf } from '../assemble.ts';
import type { RunnerConfig } from '../config/runner-config.ts';
import { letters } from '../stage/compile-pipeline.ts';
import type { Compiled } from '../pipeline/compiled.ts';
import type { Patience } from '../watch/trouble.ts';
import type { Surroundings } from './command.ts';
import { ClusterTrouble, type LocalEnd, runLocally } from './exec/run-locally.ts';
import { Screen } from './exec/screen.ts';
import { screenLogger } from './exec/screen-logger.ts';
import { resultOf, summaryText } from './exec/summary.ts';
import type { Terminal } from './exec/terminal.ts';
import { EXEC } from './exec-flags.ts';
import { findingText } from './local/check.ts';
import { compileLocally } from './local/compile-locally.ts';
import { type Flags, UsageError } from './local/flags.ts';
import { EXIT, oneFile, runCommand } from './local/outcome.ts';
import { configOf } from './local/settings.ts';
import { type Subject, subjectOf } from './local/subject.ts';

/** Where and how: what the process gives, and the terminal. */
export type ExecSurroundings = Surroundings & Terminal;

/** `exec FILE`: runs a pipeline on the cluster of the current kube context, without a Drone server (previous-runner §2.3). */
export function exec(args: readonly string[], surroundings: ExecSurroundings): Promise<number> {
  return runCommand(EXEC, args, surroundings, (flags) => execFile(flags, surroundings));
}

/** One run, with everything decided that needs no cluster. */
interface Run {
  readonly flags: Flags;
  readonly config: RunnerConfig;
  readonly subject: Subject & { kind: 'ready' };
  readonly compiled: Compiled;
  readonly connection: Connection;
  readonly stop: AbortSignal;
}

async function execFile(flags: Flags, surroundings: ExecSurroundings): Promise<number> {
  const { complain, random } = surroundings;
  const file = oneFile(flags);
  const connection = await connected(flags.text('kubeconfig'));
  try {
    const config = configOf(flags, surroundings, connection.namespace);
    const stageId = Math.floor(random() * STAGE_IDS) + STAGE_IDS;
    const subject = subjectOf(
      { file, flags, config, stageId, clone: ({ repo }) => repo.httpUrl !== '' },
      surroundings,
    );
    if (subject.kind === 'refused') {
      for (const finding of subject.findings) complain(findingText(file, finding));
      return EXIT.configuration;
    }
    const stop = AbortSignal.any([surroundings.stop, surroundings.gone]);
    const compiled = await compileLocally(surroundings, { subject, config }, stop);
    return await supervise({ flags, config, subject, compiled, connection, stop }, surroundings);
  } catch (error) {
    if (surroundings.stop.aborted || surroundings.gone.aborted) return EXIT.interrupted;
    if (!(error instanceof ClusterTrouble)) throw error;
    complain(`hangar-runner exec: ${error.message}`);
    return EXIT.failed;
  } finally {
    await connection.close();
  }
}

/** Far beyond any server's numbers: a daemon of the same namespace never takes such a Pod for one of its stages. */
const STAGE_IDS = 2 ** 50;
const OWNER_LETTERS = 10;

async function supervise(run: Run, surroundings: ExecSurroundings): Promise<number> {
  const { print, complain } = surroundings;
  const { compiled, subject } = run;
  const json = run.flags.yes('json') ?? run.flags.yes('dump') ?? false;
  const screen = new Screen(json ? complain : print, {
    colour: isColoured(run.flags, surroundings),
    isTerminal: surroundings.isTerminal && !json,
  });
  if (compiled.plan.steps.length === 0) {
    screen.say(`no step of pipeline ${subject.pipeline.name} fits this build: nothing to run`);
    return EXIT.ok;
  }
  tellBeginning(run, screen);
  const end = await runStage(run, screen, surroundings);
  const [namespace, pod] = [compiled.namespace, compiled.pod.metadata?.name ?? ''];
  const { timeoutMs } = compiled.plan;
  const result = resultOf(end, { namespace, pod, interrupted: run.stop.aborted, timeoutMs });
  screen.write(summaryText(result, screen));
  if (!end.cleaned) complain(`Pod ${pod} could not be removed: ${removal(namespace, pod)}`);
  if (json) print(JSON.stringify(result));
  return result.exitCode;
}

async function runStage(
  { flags, config, subject, compiled, connection, stop }: Run,
  screen: Screen,
  { clock, random, complain }: ExecSurroundings,
): Promise<LocalEnd> {
  const verbose = flags.yes('debug') ?? flags.yes('trace') ?? false;
  const heard = (): void => screen.say('stopping: the Pod is being deleted; Ctrl-C once more leaves at once');
  stop.addEventListener('abort', heard, { once: true });
  try {
    return await runLocally(
      {
        clock,
        random,
        screen,
        cluster: new HttpCluster(clock, connection),
        log: screenLogger((text) => complain(screen.dim(text)), verbose),
        patience: patienceFor(flags, config),
      },
      // No Lease can have such a name, so that no daemon adopts the Pod.
      { compiled, detail: subject.detail, owner: `local exec/${letters(random, OWNER_LETTERS)}` },
      stop,
    );
  } finally {
    stop.removeEventListener('abort', heard);
  }
}

/** As the daemon's, but for what is said on the command line. */
function patienceFor(flags: Flags, config: RunnerConfig): Patience {
  const startSeconds = flags.number('engine-container-start-timeout');
  const usual = patienceOf(config);
  return startSeconds ? { ...usual, startMs: startSeconds * 1_000 } : usual;
}

/** Who kills this program leaves a Pod that ends by itself but stays: the cure is said before. */
function tellBeginning({ subject, compiled, config }: Run, screen: Screen): void {
  const { namespace, pod } = compiled;
  const name = pod.metadata?.name ?? '';
  screen.say(`pipeline ${subject.pipeline.name} as Pod ${name} in namespace ${namespace}`);
  screen.say(`(should this program be killed: ${removal(namespace, name)})`);
  if (subject.pipeline.clone.disable && !subject.manifest.pipelines.some(isUncloned(subject)))
    screen.say(`without a clone step; --repo-http URL clones, with the image ${config.compile.cloneImage}`);
}

const isUncloned =
  ({ pipeline }: Subject & { kind: 'ready' }) =>
  (one: { name: string; clone: { disable: boolean } }): boolean =>
    one.name === pipeline.name && one.clone.disable;

const removal = (namespace: string, pod: string): string => `kubectl delete pod -n ${namespace} ${pod}`;

/** --color and --no-color, then NO_COLOR (no-color.org), then whether a person looks. */
function isColoured(flags: Flags, { env, isTerminal }: ExecSurroundings): boolean {
  return flags.yes('color') ?? flags.yes('pretty') ?? ((env['NO_COLOR'] ?? '') === '' && isTerminal);
}

async function connected(kubeconfig: string | undefined): Promise<Connection> {
  try {
    return await connectKubernetes(kubeconfig ?? 'default');
  } catch (error) {
    const words = errorText(error);
    const from = kubeconfig === undefined ? 'what kubectl would take' : kubeconfig;
    throw new UsageError(
      `no way to a cluster by ${from}: ${words}. Name a kubeconfig with --kubeconfig or KUBECONFIG`,
    );
  }
}
