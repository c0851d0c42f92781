import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Container, Pod } from '../api/pod.ts';
import type { Store } from '../api/store.ts';
import type { GateBoards } from '../gate/board.ts';
import { runGate } from '../gate/gate-stand-in.ts';
import { initGate } from '../gate/init.ts';
import { aliasRewriterOf, ownAliases } from './aliases.ts';
import { environmentOf, expand } from './environment.ts';
import { type FakeImages, fakeImageOf, repositoryOf } from './images.ts';
import { inProcess, placeholder } from './in-process.ts';
import type { Janitor } from './janitor.ts';
import { lookUp } from './look-up.ts';
import { type Rewrite, rewriterOf } from './paths.ts';
import { type Output, type ProcessSpec, type Running, StartError, startGroup } from './process-group.ts';
import type { PodVolumes } from './volumes.ts';

export interface LauncherParts {
  readonly store: Store;
  readonly janitor: Janitor;
  readonly images: FakeImages;
  readonly boards: GateBoards;
  readonly nowMs: () => number;
}

/** A container ready to start: where it lives and what it runs. */
export interface Prepared {
  readonly root: string;
  readonly messageFile: string;
  readonly start: (output: Output) => Promise<Running>;
}

/** Turns a container into something that runs on this machine. */
export class Launcher {
  private readonly parts: LauncherParts;

  constructor(parts: LauncherParts) {
    this.parts = parts;
  }

  /** @throws {ConfigError} when its environment cannot be made */
  prepare(pod: Pod, container: Container, volumes: PodVolumes, folder: string): Prepared {
    const root = join(folder, 'roots', container.name);
    const env = environmentOf(this.parts.store, pod, container);
    volumes.mount(pod, container, root, env);
    const messagePath = container.terminationMessagePath ?? '/dev/termination-log';
    const messageFile = join(root, messagePath);
    mkdirSync(dirname(messageFile), { recursive: true });
    writeFileSync(messageFile, '');
    const mounts = (container.volumeMounts ?? []).map(({ mountPath }) => mountPath);
    const rewritePaths = rewriterOf(root, [...mounts, messagePath]);
    const rewriteNames = aliasRewriterOf(ownAliases(pod));
    const rewrite = (text: string): string => rewriteNames(rewritePaths(text));
    const home = join(folder, 'home');
    mkdirSync(home, { recursive: true });
    const expanded = [...(container.command ?? []), ...(container.args ?? [])].map((part) =>
      expand(part, env),
    );
    const cwd = workingFolder(container, root);
    const spec: ProcessSpec = {
      argv: expanded,
      // PWD lets shells show the folder by the name it was entered by, not where a link leads.
      env: { ...machineEnvironment(pod, home), PWD: cwd, ...rewritten(env, rewrite) },
      cwd,
      isFirst: true,
    };
    return {
      root,
      messageFile,
      start: (output) => this.start({ pod, container, root, rewrite, spec }, output),
    };
  }

  /** The Pod has changed: gates that wait for a result look again. */
  podChanged(podUid: string): void {
    this.parts.boards.podChanged(podUid);
  }

  podGone(podUid: string): void {
    this.parts.boards.forget(podUid);
  }

  private start(job: Job, output: Output): Promise<Running> {
    const [program = ''] = job.spec.argv;
    if (program === '/gate' || program === '/hangar/bin/gate') return this.startGate(job, output);
    if (isPlaceholder(job.container, program)) return Promise.resolve(placeholder());
    return this.startPlain(job, output);
  }

  private startGate(job: Job, output: Output): Promise<Running> {
    const [, verb = '', ...rest] = job.spec.argv;
    return Promise.resolve(
      verb === 'init'
        ? inProcess(() => initGate(job.root, rest, this.parts.nowMs()), output)
        : this.standIn(job, Number(rest[0]), output),
    );
  }

  private standIn({ pod, container, root, rewrite, spec }: Job, n: number, output: Output): Running {
    const start = (argv: readonly string[], env: Record<string, string>, out: Output): Promise<Running> =>
      this.startPlain({ pod, container, root, rewrite, spec: { ...spec, argv, env, isFirst: false } }, out);
    const board = this.parts.boards.of(pod.metadata.uid);
    return runGate({ n, root, board, rewrite, env: spec.env, start, nowMs: this.parts.nowMs }, output);
  }

  /** A command of this machine, or what the image is known to do where the machine has no such command. */
  private startPlain({ container, rewrite, spec }: Job, output: Output): Promise<Running> {
    const argv = spec.argv.map(rewrite);
    const script = fakeImageOf(container.image, this.parts.images)?.script;
    const found = argv[0] === undefined ? undefined : lookUp(argv[0], spec.env['PATH'] ?? '', spec.cwd);
    if (found !== undefined)
      return startGroup({ ...spec, argv: [found, ...argv.slice(1)] }, output, this.parts.janitor);
    if (script !== undefined) {
      const args = container.command === undefined && container.args !== undefined ? argv : [];
      const shell = ['/bin/sh', '-c', script, repositoryOf(container.image), ...args];
      return startGroup({ ...spec, argv: shell }, output, this.parts.janitor);
    }
    throw notExecutable(argv[0]);
  }
}

interface Job {
  readonly pod: Pod;
  readonly container: Container;
  readonly root: string;
  readonly rewrite: Rewrite;
  readonly spec: ProcessSpec;
}

function workingFolder(container: Container, root: string): string {
  const folder = join(root, container.workingDir ?? '');
  mkdirSync(folder, { recursive: true });
  return folder;
}

function isPlaceholder(container: Container, program: string): boolean {
  if (program === '/placeholder') return true;
  // The image's own entry point, which ignores all arguments.
  return container.command === undefined && /placeholder|hangar-gate/.test(repositoryOf(container.image));
}

function rewritten(env: Readonly<Record<string, string>>, rewrite: Rewrite): Record<string, string> {
  return Object.fromEntries(Object.entries(env).map(([name, value]) => [name, rewrite(value)]));
}

/** What every container has without asking: a PATH, a home of its own, its host name. */
function machineEnvironment(pod: Pod, home: string): Record<string, string> {
  const paths = ['/usr/local/sbin', '/usr/local/bin', '/usr/sbin', '/usr/bin', '/sbin', '/bin'];
  return {
    PATH: paths.filter((path) => existsSync(path)).join(':'),
    HOME: home,
    HOSTNAME: pod.spec.hostname ?? pod.metadata.name,
  };
}

function notExecutable(command: string | undefined): StartError {
  const what =
    command === undefined
      ? 'no command specified'
      : `exec: "${command}": ${command.includes('/') ? `stat ${command}: no such file or directory` : 'executable file not found in $PATH'}`;
  return new StartError(
    `failed to create containerd task: failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: error during container init: ${what}`,
  );
}
