import { readdirSync } from 'node:fs';
import { expect } from 'vitest';
import type { BuildRequest } from '../../parts/drone/build-request.ts';
import { findProcesses, signal } from '../../parts/real/process.ts';
import { until } from '../../parts/until.ts';
import { pipeline, step, stepResults } from '../flows/pipelines.ts';
import type { TestSystem } from '../flows/test-system.ts';

/** Time limit of each wait. */
export const PATIENCE = { timeoutMs: 120_000 };

/** A pipeline whose only step has a cache at /cache. */
export const caching = (...commands: readonly string[]): string =>
  pipeline(
    step('use', commands, '  volumes: [ { name: packages, path: /cache } ]\n'),
    'clone: { disable: true }\nvolumes: [ { name: packages, cache: {} } ]',
  );

/** A command that fills the cache with a file of that size. */
export const large = (mib: number): string => `dd if=/dev/zero of=/cache/large bs=1M count=${mib}`;

/** A command that fills the cache with so many small files that a save takes a second, however fast or slow the disk is. */
export const MANY_FILES = 'i=0; while [ $i -lt 30000 ]; do echo $i > /cache/$i; i=$((i+1)); done';

type Who = Omit<BuildRequest, 'yaml'>;

/** A save that was stopped in its middle. */
export interface StoppedSave {
  readonly resume: () => void;
  /** Ends it as a power failure does. */
  readonly kill: () => void;
}

/** The builds of one repository. Its caches are in a directory of this machine, on which the kubelet runs too. */
export class CacheBuilds {
  readonly #system: TestSystem;
  readonly #storage: string;
  readonly #slug: string;

  constructor(system: TestSystem, storage: string, slug: string) {
    this.#system = system;
    this.#storage = storage;
    this.#slug = slug;
  }

  offer(yaml: string, who: Who = {}): number {
    return this.#system.drone.createBuild({ yaml, repo: { slug: this.#slug }, ...who }).id;
  }

  async run(yaml: string, who: Who = {}) {
    const { drone } = this.#system;
    const id = this.offer(yaml, who);
    const { status, ...done } = await drone.waitForBuild(id, PATIENCE);
    const log = (name: string): string => drone.logText(id, name) ?? '';
    expect(drone.complaints).toEqual([]);
    return { status, results: stepResults({ ...done }), log };
  }

  /** Who wrote the cache that the build has found, before it has put its own name there. */
  async found(name: string, who: Who = {}): Promise<string | undefined> {
    const look = 'echo "found: $(cat /cache/who 2>/dev/null || echo nothing)"';
    const { status, log } = await this.run(caching(look, `echo ${name} > /cache/who`), who);
    expect(status).toBe('success');
    return /^found: (.*)$/m.exec(log('use'))?.[1];
  }

  /** The files of the repository in the storage. */
  files(): readonly string[] {
    return readdirSync(this.#storage, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && entry.parentPath.includes(this.#slug))
      .map(({ name }) => name)
      .filter((name) => !name.endsWith('.lock'));
  }

  /** The save of the repository, stopped before its archive is whole. */
  stoppedSave(): Promise<StoppedSave> {
    const isWriting = () => this.files().some((name) => name.endsWith('.tmp'));
    return until('a save that is not over', PATIENCE.timeoutMs, async () => {
      if (!isWriting()) return undefined;
      const processes = await this.#savers();
      const send = (name: NodeJS.Signals) => () => {
        for (const { pid } of processes) signal(pid, name);
      };
      send('SIGSTOP')();
      const resume = send('SIGCONT');
      if (processes.length > 0 && isWriting()) return { resume, kill: send('SIGKILL') };
      resume();
      return undefined;
    });
  }

  /** The kubelet ends containers some time after their Pod is gone; until then a save holds its lock. */
  async saveEnded(): Promise<void> {
    await until('the save to end', PATIENCE.timeoutMs, async () => (await this.#savers()).length === 0);
  }

  #savers() {
    return findProcesses(['gate'], `/${this.#slug}/`);
  }
}
