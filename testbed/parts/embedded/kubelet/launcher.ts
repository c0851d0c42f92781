import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Container, Pod } from '../api/pod.ts';
import type { ObjectStore } from '../api/store.ts';
import { runGate } from '../gate/gate-stand-in.ts';
import { initGate } from '../gate/init.ts';
import type { GatesByPod } from '../gate/pod-gates.ts';
import { ContainerConfigError, containerEnvironment, expand } from './environment.ts';
import { type FakeImages, fakeImageOf, repositoryOf } from './images.ts';
import { inProcess, placeholder } from './in-process.ts';
import type { Janitor } from './janitor.ts';
import { type GroupSpec, type Output, type Running, StartError, startGroup } from './process-group.ts';
import { aliasRewriterOf, ownAliases, type Rewrite, rewriterOf } from './rewrites.ts';
import type { PodVolumes } from './volumes.ts';

export interface LauncherParts {
  readonly store: ObjectStore;
  readonly janitor: Janitor;
  readonly images: FakeImages;
  readonly gates: GatesByPod;
  readonly nowMs: () => number;
}

/** A container ready to start. */
export interface PreparedContainer {
  readonly messageFile: string;
  readonly start: (output: Output) => Promise<Running>;
}

/** Turns a container into something that runs on this machine. */
export class Launcher {
  private readonly parts: LauncherParts;

  constructor(parts: LauncherParts) {
    this.parts = parts;
  }

  /** @throws {ContainerConfigError} when it cannot be created */
  prepare(pod: Pod, container: Container, volumes: PodVolumes, folder: string): PreparedContainer {
    const { createError } = fakeImageOf(container.image, this.parts.images) ?? {};
    if (createError !== undefined) throw new ContainerConfigError(createError, 'CreateContainerError');
    const root = join(folder, 'roots', container.name);
    const env = containerEnvironment(this.parts.store, pod, container);
    volumes.mount(pod, container, root, env);
    const messagePath = container.terminationMessagePath ?? '/dev/termination-log';
    const messageFile = join(root, messagePath);
    mkdirSync(dirname(messageFile), { recursive: true });
    writeFileSync(messageFile, '');
    const mounts = (container.volumeMounts ?? []).map(({ mountPath }) => mountPath);
    const rewritePaths = rewriterOf(root, [...mounts, messagePath]);
    const rewriteNames = aliasRewriterOf(ownAliases(pod));
    const rewrite = (text: string): string => rewriteNames(rewritePaths(text));
    const [cwd, home] = [join(root, container.workingDir ?? ''), join(folder, 'home')];
    for (const made of [cwd, home]) mkdirSync(made, { recursive: true });
    const rewritten = Object.entries(env).map(([name, value]) => [name, rewrite(value)] as const);
    const spec: GroupSpec = {
      argv: [...(container.command ?? []), ...(container.args ?? [])].map((part) => expand(part, env)),
      // PWD lets shells show the folder by the name it was entered by, not where a link leads.
      env: { ...machineEnvironment(pod, home), PWD: cwd, ...Object.fromEntries(rewritten) },
      cwd,
      isFirst: true,
    };
    return { messageFile, start: (output) => this.start({ pod, container, root, rewrite, spec }, output) };
  }

  /** The Pod has changed: gates that wait for a result look again. */
  podChanged(podUid: string): void {
    this.parts.gates.podChanged(podUid);
  }

  podGone(podUid: string): void {
    this.parts.gates.forget(podUid);
  }

  private async start(job: Job, output: Output): Promise<Running> {
    const { container, root, spec } = job;
    const [program = '', verb, ...rest] = spec.argv;
    if (program === '/gate' || program === '/hangar/bin/gate') {
      if (verb === 'init') return inProcess(() => initGate(root, rest, this.parts.nowMs()), output);
      if (verb !== 'hold') return this.startGate(job, Number(rest[0]), output);
      if (isPlaceholderImage(container)) return placeholder();
      const env = { ...statusOf(root), ...spec.env };
      return this.startPlain({ ...job, spec: { ...spec, argv: rest, env } }, output);
    }
    return isPlaceholder(container, program) ? placeholder() : this.startPlain(job, output);
  }

  private startGate({ pod, container, root, rewrite, spec }: Job, n: number, output: Output): Running {
    const start = (argv: readonly string[], env: Record<string, string>, out: Output): Promise<Running> =>
      this.startPlain({ pod, container, root, rewrite, spec: { ...spec, argv, env, isFirst: false } }, out);
    const gates = this.parts.gates.of(pod.metadata.uid);
    return runGate({ n, root, gates, rewrite, env: spec.env, start, nowMs: this.parts.nowMs }, output);
  }

  /** A command of this machine, or what the image is known to do where the machine has no such command. */
  private async startPlain({ container, rewrite, spec }: Job, output: Output): Promise<Running> {
    const argv = spec.argv.map(rewrite);
    const script = fakeImageOf(container.image, this.parts.images)?.script;
    try {
      if ((argv[0] ?? '') === '') throw new StartError('no command specified');
      return await startGroup({ ...spec, argv }, output, this.parts.janitor);
    } catch (error) {
      if (!(error instanceof StartError)) throw error;
      if (script === undefined) throw notExecutable(error);
      const args = container.command === undefined && container.args !== undefined ? argv : [];
      const shell = ['/bin/sh', '-c', script, repositoryOf(container.image), ...args];
      return startGroup({ ...spec, argv: shell }, output, this.parts.janitor);
    }
  }
}

interface Job {
  readonly pod: Pod;
  readonly container: Container;
  readonly root: string;
  readonly rewrite: Rewrite;
  readonly spec: GroupSpec;
}

const isPlaceholderImage = ({ image }: Container): boolean =>
  /placeholder|hangar-gate/.test(repositoryOf(image));

function isPlaceholder(container: Container, program: string): boolean {
  if (program === '/placeholder') return true;
  // The image's own entry point, which ignores all arguments.
  return container.command === undefined && isPlaceholderImage(container);
}

/** The status values in the file of the downward API. */
function statusOf(root: string): Readonly<Record<string, string>> {
  const lines = readFileSync(join(root, 'run/drone/env'), 'utf8').matchAll(/^(DRONE_\w+)="(.*)"$/gm);
  return Object.fromEntries([...lines].map(([, name = '', value = '']) => [name, value]));
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

/** As containerd's message. */
function notExecutable({ message }: StartError): StartError {
  return new StartError(
    `failed to create containerd task: failed to create shim task: OCI runtime create failed: runc create failed: unable to start container process: error during container init: ${message}`,
  );
}
