import { errorText } from '@hangar/shared/error-text';
import type { StageDetail } from '../pipeline/drone.ts';
import type { SecretDocument } from '../pipeline/pipeline.ts';
import type { SecretPlugin } from '../ports/plugins.ts';
import { trustLevelOf } from '../restrict/trust-level.ts';
import { decryptAesGcm } from './aes-gcm.ts';
import { NETRC_NAMES } from './secret-names.ts';

/** The sources of secrets, in look-up order (previous-runner §4.9.1). */
export interface SecretSources {
  readonly detail: StageDetail;
  readonly documents: readonly SecretDocument[];
  /** `DRONE_RUNNER_SECRETS`. */
  readonly runnerSecrets: Readonly<Record<string, string>>;
  readonly plugin: SecretPlugin | undefined;
}

/** A value, or the reason why there is none, as a message for the step's log. */
export type SecretAnswer = { readonly value: string } | { readonly missing: string };

/**
 * Looks a secret up in all sources; the first non-empty value is used, and an error ends the search, as in the old runner: a value
 * from a later source could be a different secret.
 */
export async function findSecret(
  name: string,
  sources: SecretSources,
  signal?: AbortSignal,
): Promise<SecretAnswer> {
  if (NETRC_NAMES.includes(name)) return { missing: 'Git credentials cannot be used as secrets' };
  const withheld: string[] = [];
  try {
    const value =
      serverSecret(name, sources.detail, withheld) ||
      encryptedSecret(name, sources, withheld) ||
      runnerSecret(name, sources, withheld) ||
      (await pluginSecret(name, sources, withheld, signal));
    return value ? { value } : { missing: withheld[0] ?? 'it was not found' };
  } catch (error) {
    signal?.throwIfAborted();
    return { missing: errorText(error) };
  }
}

/** Pull requests may come from untrusted authors, so secrets are withheld from them. */
function isPullRequest(detail: StageDetail): boolean {
  return detail.build.event === 'pull_request';
}

function serverSecret(name: string, detail: StageDetail, withheld: string[]): string {
  const known = detail.secrets.filter((one) => isSame(one.name, name) && one.data !== '');
  const usable = known.find(({ pullRequest }) => pullRequest || !isPullRequest(detail));
  if (known.length > 0 && usable === undefined) withheld.push('it is not available to pull requests');
  return usable?.data ?? '';
}

function encryptedSecret(name: string, { detail, documents }: SecretSources, withheld: string[]): string {
  const document = documents.find((one) => one.name === name && one.data !== '');
  if (document === undefined) return '';
  const { repo } = detail;
  // As in the old runner, a source that the server names is enough, the repository itself included; one that it doesn't name is
  // that of a fork, as for all rules.
  if (!repo.private && (isPullRequest(detail) || trustLevelOf(detail) === 'fork')) {
    withheld.push('encrypted secrets of a public repository are not available to pull requests');
    return '';
  }
  const message = Buffer.from(document.data.replace(/\s/g, ''), 'base64');
  return decryptAesGcm(message, Buffer.from(repo.secret, 'utf8')).toString('utf8');
}

function runnerSecret(name: string, { detail, runnerSecrets }: SecretSources, withheld: string[]): string {
  const value = Object.entries(runnerSecrets).find(([key]) => isSame(key, name))?.[1] ?? '';
  if (value === '' || !isPullRequest(detail)) return value;
  withheld.push('secrets of the runner are not available to pull requests');
  return '';
}

async function pluginSecret(
  name: string,
  { detail, documents, plugin }: SecretSources,
  withheld: string[],
  signal: AbortSignal | undefined,
): Promise<string> {
  const get = documents.find((one) => one.name === name && one.get !== undefined)?.get;
  if (get === undefined || (get.path === '' && get.name === '')) return '';
  if (plugin === undefined) {
    withheld.push('this runner has no secret plugin (DRONE_SECRET_PLUGIN_ENDPOINT)');
    return '';
  }
  return (await plugin.find(get, { repo: detail.rawRepo, build: detail.rawBuild }, signal)) ?? '';
}

function isSame(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase();
}
