import { parseArgs } from 'node:util';
import { errorText } from '@hangar/shared/error-text';
import { startPracticeServer } from './practice-server.ts';
import { type BuildView, describeBuild, isBuildOver, type LogView } from './views.ts';

/** What the command line needs from the process. */
export interface CommandIo {
  readonly print: (text: string) => void;
  readonly printError: (text: string) => void;
  readonly readFile: (path: string) => Promise<string>;
  /** Aborted when the person wants the server to stop. */
  readonly stop: AbortSignal;
  /** The RPC secret where no --secret is given. */
  readonly defaultSecret: string;
}

const DEFAULT_PORT = 8090;

const HELP = `A Drone server for practice: the runner's RPC, builds over REST, and a page to look at them.

  serve           [--port ${DEFAULT_PORT}] [--secret SECRET]      runs until Ctrl-C
  build FILE      [--event EVENT] [--repo OWNER/NAME] [--param NAME=VALUE]... [--secret-value NAME=VALUE]...
                  [--trusted] [--timeout-minutes N] [--wait]
  show ID         how a build stands
  log ID STEP     what a step printed
  cancel ID       cancels a build

All but serve: [--server http://127.0.0.1:${DEFAULT_PORT}] [--json]. --wait exits with 1 unless the build succeeds.
The secret is --secret, else DRONE_RPC_SECRET, else "practice".
`;

/** The command can't be carried out; the text says why and what to do. */
class CommandFailed extends Error {}

const OPTIONS = {
  help: { type: 'boolean', short: 'h' },
  json: { type: 'boolean' },
  server: { type: 'string', default: `http://127.0.0.1:${DEFAULT_PORT}` },
  port: { type: 'string', default: String(DEFAULT_PORT) },
  secret: { type: 'string' },
  event: { type: 'string', default: 'push' },
  repo: { type: 'string', default: 'acme/widget' },
  param: { type: 'string', multiple: true, default: [] as string[] },
  'secret-value': { type: 'string', multiple: true, default: [] as string[] },
  trusted: { type: 'boolean', default: false },
  'timeout-minutes': { type: 'string', default: '60' },
  wait: { type: 'boolean', default: false },
} as const;

const parse = (argv: readonly string[]) =>
  parseArgs({ args: [...argv], options: OPTIONS, allowPositionals: true });

type Flags = ReturnType<typeof parse>['values'];

interface Invocation {
  readonly flags: Flags;
  readonly positionals: readonly string[];
  readonly io: CommandIo;
}

type Command = (invocation: Invocation) => Promise<number>;

const COMMANDS: ReadonlyMap<string, Command> = new Map([
  ['serve', serve],
  ['build', build],
  ['show', show],
  ['log', log],
  ['cancel', cancel],
]);

/** Runs one command; answers the exit code: 0 done, 1 failed, 2 wrongly called. */
export async function runCommand(argv: readonly string[], io: CommandIo): Promise<number> {
  try {
    const { values: flags, positionals } = parse(argv);
    const [name, ...rest] = positionals;
    const command = COMMANDS.get(name ?? '');
    if (flags.help === true || command === undefined) {
      (flags.help === true ? io.print : io.printError)(HELP);
      return flags.help === true ? 0 : 2;
    }
    return await command({ flags, positionals: rest, io });
  } catch (error) {
    io.printError(`${errorText(error)}\n`);
    return error instanceof CommandFailed ? 1 : 2;
  }
}

async function serve({ flags, io }: Invocation): Promise<number> {
  const secret = flags.secret ?? io.defaultSecret;
  const port = wholeNumber('--port', flags.port);
  const drone = await startPracticeServer({ secret, port }).catch((error: unknown) => {
    throw new CommandFailed(`can't listen on 127.0.0.1:${port}: ${String(error)}; choose another --port`);
  });
  io.print(`${drone.url} for people; DRONE_RPC_PROTO=http DRONE_RPC_HOST=${drone.host} for the runner\n`);
  if (!io.stop.aborted)
    await new Promise((resolve) => io.stop.addEventListener('abort', resolve, { once: true }));
  await drone.close();
  return 0;
}

async function build(invocation: Invocation): Promise<number> {
  const { flags, io } = invocation;
  const file = argument(invocation, 0, 'FILE');
  const yaml = await io.readFile(file).catch((error: unknown) => {
    throw new CommandFailed(`can't read ${file}: ${String(error)}`);
  });
  const request = {
    ...{ yaml, event: flags.event, trusted: flags.trusted, repo: { slug: flags.repo } },
    params: pairs('--param', flags.param),
    secrets: pairs('--secret-value', flags['secret-value']),
    timeoutMinutes: wholeNumber('--timeout-minutes', flags['timeout-minutes']),
  };
  let view = await rest<BuildView>(flags, 'POST', '/api/builds', request);
  while (flags.wait && !isBuildOver(view)) view = await rest(flags, 'GET', `/api/builds/${view.id}?wait=30`);
  print(invocation, view, `${describeBuild(view)}\n`);
  return flags.wait && view.status !== 'success' ? 1 : 0;
}

async function show(invocation: Invocation): Promise<number> {
  const view = await rest<BuildView>(invocation.flags, 'GET', `/api/builds/${buildId(invocation)}`);
  return print(invocation, view, `${describeBuild(view)}\n`);
}

async function log(invocation: Invocation): Promise<number> {
  const path = `/api/builds/${buildId(invocation)}/steps/${encodeURIComponent(argument(invocation, 1, 'STEP'))}/log`;
  const view = await rest<LogView>(invocation.flags, 'GET', path);
  return print(invocation, view, view.lines.map((line) => line.out).join(''));
}

async function cancel(invocation: Invocation): Promise<number> {
  const id = buildId(invocation);
  const answer = await rest<{ cancelled: boolean }>(invocation.flags, 'DELETE', `/api/builds/${id}`);
  return print(invocation, answer, `build ${id} ${answer.cancelled ? 'is cancelled' : 'has ended before'}\n`);
}

/** Prints what the server answered: as text for people, or as JSON for programs. */
function print({ flags, io }: Invocation, answer: object, text: string): number {
  io.print(flags.json === true ? `${JSON.stringify(answer)}\n` : text);
  return 0;
}

/** One REST call; anything but success becomes a CommandFailed with the server's reason. */
async function rest<T>(flags: Flags, method: string, path: string, body?: object): Promise<T> {
  const sent = body === undefined ? {} : { body: JSON.stringify(body) };
  const response = await fetch(flags.server.replace(/\/+$/, '') + path, { method, ...sent }).catch(
    (error: unknown) => {
      const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error;
      throw new CommandFailed(
        `no practice server answers at ${flags.server} (${String(cause)}); start one with: serve`,
      );
    },
  );
  const value = await response.json().catch((): unknown => undefined);
  if (response.ok && value !== undefined) return value as T;
  if (response.ok) throw new CommandFailed(`${flags.server} is no practice server: it answered no JSON`);
  const reason = (value as { message?: string } | undefined)?.message;
  throw new CommandFailed(reason ?? `the server answered ${response.status}`);
}

function argument({ positionals }: Invocation, index: number, name: string): string {
  const value = positionals[index];
  if (value === undefined) throw new Error(`${name} is missing; see --help`);
  return value;
}

function buildId(invocation: Invocation): number {
  return wholeNumber('ID', argument(invocation, 0, 'ID'));
}

function wholeNumber(name: string, text: string): number {
  if (!/^\d{1,9}$/.test(text)) throw new Error(`${name} is ${JSON.stringify(text)}; give a whole number`);
  return Number(text);
}

function pairs(name: string, texts: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    texts.map((text) => {
      const at = text.indexOf('=');
      if (at < 1) throw new Error(`${name} is ${JSON.stringify(text)}; write NAME=VALUE`);
      return [text.slice(0, at), text.slice(at + 1)];
    }),
  );
}
