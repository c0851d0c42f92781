import { execFile } from 'node:child_process';
import { constants } from 'node:fs';
import { access, readFile, stat, statfs } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';
import { writableControllers } from './controllers.ts';
import { commandText, type Disk, type Machine } from './judge.ts';
import type { DiskFolder, Need } from './needs.ts';

/** Where the test cluster and what it is made of are written. */
export interface SurveyPaths {
  readonly cache: string;
  readonly state: string;
}

/** Long: on a machine that writes much to its disk, the first start of Chromium took more than 20 s, and was taken for missing. */
const LONGEST_COMMAND_MS = 120_000;

/** A program, and not what another file system shows in its place. */
async function isProgram(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK);
    return (await stat(path)).isFile();
  } catch {
    return false;
  }
}

async function isInPath(program: string): Promise<boolean> {
  const folders = (process.env['PATH'] ?? '').split(delimiter).filter(Boolean);
  const found = await Promise.all(folders.map((folder) => isProgram(join(folder, program))));
  return found.some(Boolean);
}

/** What a command printed; undefined when it can't be started, fails, or takes too long. */
function printed(command: readonly string[], more: NodeJS.ProcessEnv = {}): Promise<string | undefined> {
  const [program = '', ...args] = command;
  const options = { timeout: LONGEST_COMMAND_MS, env: { ...process.env, ...more } };
  return new Promise((resolve) => {
    execFile(program, args, options, (error, stdout) => resolve(error ? undefined : stdout));
  });
}

async function nearestFolder(path: string): Promise<string> {
  for (let folder = path; ; folder = dirname(folder)) {
    const isThere = await access(folder).then(
      () => true,
      () => false,
    );
    if (isThere || folder === dirname(folder)) return folder;
  }
}

async function diskOf(folder: string): Promise<Disk> {
  const there = await nearestFolder(folder);
  const [{ dev }, { bavail, blocks, bsize }] = await Promise.all([stat(there), statfs(there)]);
  return { folder, device: dev, freeBytes: bavail * bsize, totalBytes: blocks * bsize };
}

async function disksOf(
  folders: ReadonlySet<DiskFolder>,
  { cache, state }: SurveyPaths,
): Promise<Machine['disks']> {
  const ofGo = folders.has('goBuild') || folders.has('goModules');
  const [goBuild, goModules] = ofGo
    ? ((await printed(['go', 'env', 'GOCACHE', 'GOMODCACHE'])) ?? '').split('\n')
    : [];
  const paths: Readonly<Record<DiskFolder, string | undefined>> = { cache, state, goBuild, goModules };
  const found = await Promise.all(
    [...folders].map(async (name) => (paths[name] ? [[name, await diskOf(paths[name])] as const] : [])),
  );
  return Object.fromEntries(found.flat());
}

/** The version of the toolchain that is installed, not of one that it would fetch. */
async function goVersion(): Promise<string | undefined> {
  const text = await printed(['go', 'version'], { GOTOOLCHAIN: 'local' });
  return /\bgo(\d+\.\d+\S*)/.exec(text ?? '')?.[1];
}

async function controllers(): Promise<ReadonlySet<string>> {
  const [mounts, unified] = await Promise.all(
    ['/proc/self/mounts', '/sys/fs/cgroup/cgroup.controllers'].map((path) =>
      readFile(path, 'utf8').catch(() => ''),
    ),
  );
  return writableControllers(mounts ?? '', unified ?? '');
}

async function those<T>(all: readonly T[], is: (one: T) => Promise<boolean>): Promise<readonly T[]> {
  const found = await Promise.all(all.map(is));
  return all.filter((_, place) => found[place] === true);
}

/** Looks at this machine for what is needed, and for nothing else; changes nothing. */
export async function surveyMachine(needs: readonly Need[], places: SurveyPaths): Promise<Machine> {
  const tests = needs.map(({ test }) => test);
  const paths = tests.flatMap((test) => (test.kind === 'file' ? test.anyOf : []));
  const programs = tests.flatMap((test) => (test.kind === 'program' ? [test.program] : []));
  const commands = tests.flatMap((test) => (test.kind === 'command' ? [test.command] : []));
  const folders = tests.flatMap((test) => (test.kind === 'disk' ? [test.folder] : []));
  const distinct = [...new Map(commands.map((command) => [commandText(command), command])).values()];
  const works = async (command: readonly string[]): Promise<boolean> =>
    (await printed(command, { STATE: await nearestFolder(places.state) })) !== undefined;
  const [here, inPath, working, disks, version, writable] = await Promise.all([
    those([...new Set(paths)], isProgram),
    those([...new Set(programs)], isInPath),
    those(distinct, works),
    disksOf(new Set(folders), places),
    tests.some(({ kind }) => kind === 'go') ? goVersion() : undefined,
    tests.some(({ kind }) => kind === 'controllers') ? controllers() : new Set<string>(),
  ]);
  return {
    platform: process.platform,
    isRoot: process.getuid?.() === 0,
    files: new Set(here),
    programs: new Set(inPath),
    commands: new Set(working.map(commandText)),
    goVersion: version,
    controllers: writable,
    disks,
  };
}
