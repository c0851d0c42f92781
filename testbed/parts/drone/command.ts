import { errorText } from '@hangar/shared/error-text';
import { command } from '@hangar/shared/program/command';
import { CommandError, UsageError } from '@hangar/shared/program/command-error';
import type { CommandContext } from '@hangar/shared/program/context';
import { EXIT, type ExitCode } from '@hangar/shared/program/exit-codes';
import { asText, asWhole, flag, option, pairs, textOr } from '@hangar/shared/program/options';
import type { Program } from '@hangar/shared/program/program';
import { startPracticeServer } from './practice-server.ts';
import { type BuildView, describeBuild, isBuildOver, type LogView } from './views.ts';

const NAME = 'practice-drone';
const DEFAULT_PORT = 8090;

/** Options of the commands that call a server. */
const CLIENT = {
  server: textOr(`http://127.0.0.1:${DEFAULT_PORT}`, 'URL', 'address of the server'),
  json: flag('JSON instead of text'),
};
const CLIENT_EXITS = { ok: 'done', failed: 'it failed' } as const;

const failed = (text: string): CommandError => new CommandError(EXIT.failed, text);

/** Prints an answer of the server: as text for people, or as JSON for programs. */
function show({ print }: CommandContext, json: boolean | undefined, answer: object, text: string): ExitCode {
  print(json ? JSON.stringify(answer) : text);
  return EXIT.ok;
}

const SERVE = command({
  name: `${NAME} serve`,
  summary: 'runs the server until Ctrl-C',
  examples: [`${NAME} serve --port ${DEFAULT_PORT}`],
  options: {
    port: option('PORT', 'port on 127.0.0.1', asWhole([0, 65_535]), DEFAULT_PORT),
    secret: option('SECRET', 'the RPC secret; default: DRONE_RPC_SECRET, else "practice"', asText),
  },
  exits: { ok: 'stopped', failed: 'the port is in use' },
  run: async ({ options: { port, secret } }, { env, print, stopSignal }) => {
    const stop = stopSignal();
    const parts = { secret: secret ?? env['DRONE_RPC_SECRET'] ?? 'practice', port };
    const drone = await startPracticeServer(parts).catch((error: unknown) => {
      throw failed(`cannot listen on 127.0.0.1:${port}: ${String(error)}; choose another --port`);
    });
    print(
      `${drone.url} is the web page and the API; for the runner: DRONE_RPC_PROTO=http DRONE_RPC_HOST=${drone.host}`,
    );
    if (!stop.aborted)
      await new Promise((resolve) => stop.addEventListener('abort', resolve, { once: true }));
    await drone.close();
    return EXIT.ok;
  },
});

const BUILD = command({
  name: `${NAME} build`,
  words: 'FILE',
  summary: 'creates a build of a pipeline file',
  examples: [`${NAME} build .drone.yml --event pull_request --param who=kim --wait`],
  options: {
    ...CLIENT,
    event: textOr('push', 'EVENT', 'event of the build'),
    repo: textOr('acme/widget', 'OWNER/NAME', 'its repository'),
    param: pairs('a parameter of the build (may be repeated)'),
    'secret-value': pairs('a secret of the repository (may be repeated)'),
    trusted: flag('the repository is trusted'),
    'timeout-minutes': option('N', 'time limit of the build', asWhole(), 60),
    wait: flag('wait for its end'),
  },
  exits: { ok: 'created; with --wait: it succeeded', failed: 'it failed' },
  run: async ({ options, words: [file = ''] }, context) => {
    const request = {
      ...{ yaml: textOfFile(file, context), event: options.event, trusted: options.trusted === true },
      ...{ repo: { slug: options.repo }, params: options.param, secrets: options['secret-value'] },
      timeoutMinutes: options['timeout-minutes'],
    };
    let view = await rest<BuildView>(options.server, 'POST', '/api/builds', request);
    while (options.wait && !isBuildOver(view))
      view = await rest(options.server, 'GET', `/api/builds/${view.id}?wait=30`);
    show(context, options.json, view, describeBuild(view));
    return options.wait && view.status !== 'success' ? EXIT.failed : EXIT.ok;
  },
});

const SHOW = command({
  name: `${NAME} show`,
  words: 'ID',
  summary: 'the status of a build',
  ...{ examples: [`${NAME} show 12`], options: CLIENT, exits: CLIENT_EXITS },
  run: async ({ options, words }, context) => {
    const view = await rest<BuildView>(options.server, 'GET', `/api/builds/${buildId(words)}`);
    return show(context, options.json, view, describeBuild(view));
  },
});

const LOG = command({
  name: `${NAME} log`,
  words: 'ID STEP...',
  summary: 'the log of a step',
  ...{ examples: [`${NAME} log 12 test`], options: CLIENT, exits: CLIENT_EXITS },
  run: async ({ options, words }, context) => {
    const [, step] = words;
    if (step === undefined) throw new UsageError('STEP is missing');
    const path = `/api/builds/${buildId(words)}/steps/${encodeURIComponent(step)}/log`;
    const view = await rest<LogView>(options.server, 'GET', path);
    return show(
      context,
      options.json,
      view,
      view.lines
        .map(({ out }) => out)
        .join('')
        .replace(/\n$/, ''),
    );
  },
});

const CANCEL = command({
  name: `${NAME} cancel`,
  words: 'ID',
  summary: 'cancels a build',
  ...{ examples: [`${NAME} cancel 12`], options: CLIENT, exits: CLIENT_EXITS },
  run: async ({ options, words }, context) => {
    const id = buildId(words);
    const answer = await rest<{ cancelled: boolean }>(options.server, 'DELETE', `/api/builds/${id}`);
    const text = `build ${id} ${answer.cancelled ? 'is cancelled' : 'has ended before'}`;
    return show(context, options.json, answer, text);
  },
});

/** The command line of the practice server. */
export const PRACTICE_DRONE: Program = {
  name: NAME,
  summary: "A Drone server for practice: the runner's RPC, builds over REST, and a page that shows them.",
  commands: [SERVE, BUILD, SHOW, LOG, CANCEL],
  notes: `Run it as: npx node --conditions=source testbed/parts/drone/main.ts serve`,
};

function textOfFile(file: string, { readFile }: CommandContext): string {
  try {
    return readFile(file);
  } catch (error) {
    throw failed(`can't read ${file}: ${errorText(error)}`);
  }
}

function buildId([text = '']: readonly string[]): number {
  if (!/^\d{1,9}$/.test(text)) throw new UsageError(`ID is ${JSON.stringify(text)}; give a whole number`);
  return Number(text);
}

/** One REST call; anything but success becomes a failed command with the server's reason. */
async function rest<T>(server: string, method: string, path: string, body?: object): Promise<T> {
  const sent = body === undefined ? {} : { body: JSON.stringify(body) };
  const response = await fetch(server.replace(/\/+$/, '') + path, { method, ...sent }).catch(
    (error: unknown) => {
      const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
      throw failed(`no practice server answers at ${server} (${String(cause)}); start one with: serve`);
    },
  );
  const value = await response.json().catch((): unknown => undefined);
  if (response.ok && value !== undefined) return value as T;
  if (response.ok) throw failed(`${server} is not a practice server: its response is not JSON`);
  const reason = (value as { message?: string } | undefined)?.message;
  throw failed(reason ?? `the server answered ${response.status}`);
}
