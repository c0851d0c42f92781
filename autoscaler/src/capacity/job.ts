import type { Resources } from './shape.ts';

/** One build Pod of the past: what a trace holds and a replay plays. Times in seconds since 1970. */
export interface Job {
  readonly arrivedAt: number;
  readonly durationSeconds: number;
  readonly request: Resources;
  /** When somebody could first have known that it would come; never later than its arrival. */
  readonly knownAt?: number;
  readonly build?: string;
  readonly repo?: string;
  /** The name of its pipeline. */
  readonly stage?: string;
  /** What started the build, such as `push` or `cron`. */
  readonly event?: string;
}

/** A build on a node. */
export interface RunningBuild {
  /** Seconds since 1970. */
  readonly startedAt: number;
  /** See {@link buildName}. */
  readonly name: string;
}

/** A build that ended after so many seconds on a node. */
export interface EndedBuild {
  /** See {@link buildName}. */
  readonly name: string;
  readonly seconds: number;
}

/** The name by which run times are learned: repository and pipeline; empty where one of them is unknown. */
export const buildName = ({ repo = '', stage = '' }: Pick<Job, 'repo' | 'stage'>): string =>
  repo === '' || stage === '' ? '' : `${repo} ${stage}`;

/** What is learned of a job that ended. */
export const endedBuild = (job: Job): EndedBuild => ({ name: buildName(job), seconds: job.durationSeconds });
