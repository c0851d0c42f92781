import type { StageDetail } from '../pipeline/drone.ts';

/** How far the author of a build is trusted, least first. */
export const TRUST_LEVELS = ['fork', 'ordinary', 'trusted'] as const;

/**
 * `fork`: a pull request whose source is not the repository; `ordinary`: a repository that isn't marked as trusted; `trusted`: one that is.
 */
export type TrustLevel = (typeof TRUST_LEVELS)[number];

/** Refs of pull requests at GitHub, Gitea and Gogs, at GitLab, and at Bitbucket. A promotion of a pull request has the same ref. */
const PULL_REQUEST_REF = /^refs\/(pull|pull-requests|merge-requests|merge)\//;

/** The trust level of a build. A pull request without a source counts as one of a fork. Pure. */
export function trustLevelOf({ repo, build }: Pick<StageDetail, 'repo' | 'build'>): TrustLevel {
  const isPullRequest = build.event === 'pull_request' || PULL_REQUEST_REF.test(build.ref);
  if (isPullRequest && (build.sourceRepo === '' || build.sourceRepo !== repo.slug)) return 'fork';
  return repo.trusted ? 'trusted' : 'ordinary';
}
