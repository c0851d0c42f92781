import { isRecord, type JsonRecord, parseJson, recordOf, textOf } from '@hangar/shared/json';
import { reducedAddress } from '../compile/pull-secret.ts';
import type { RegistryCredentials } from '../compile/settings.ts';

/** An invalid docker `config.json`. The message never contains its text. */
export class DockerConfigError extends Error {
  override readonly name = 'DockerConfigError';
}

/**
 * Credentials of a docker `config.json` (previous-runner §1.6.4): `auths` by address, `auth` takes precedence over `username` and
 * `password`.
 * Credential helpers and identity tokens are not supported.
 *
 * @throws {DockerConfigError} if it is not a JSON object with `auths`
 */
export function parseDockerConfig(text: string): readonly RegistryCredentials[] {
  const auths = objectAt(parseJson(text), 'auths');
  return Object.entries(auths)
    .map(([address, raw]) => ({ address: reducedAddress(address), ...loginOf(raw) }))
    .filter(({ username, password }) => username !== '' || password !== '');
}

function objectAt(value: unknown, name: string): JsonRecord {
  if (value === undefined) throw new DockerConfigError('it is not valid JSON');
  const inner = recordOf(value)[name];
  if (isRecord(inner)) return inner;
  throw new DockerConfigError(`it has no object ${JSON.stringify(name)}`);
}

function loginOf(raw: unknown): { username: string; password: string } {
  const entry = recordOf(raw);
  if (typeof entry.auth === 'string' && entry.auth !== '') {
    const plain = Buffer.from(entry.auth, 'base64').toString('utf8');
    const colon = plain.indexOf(':');
    return colon < 0
      ? { username: plain, password: '' }
      : { username: plain.slice(0, colon), password: plain.slice(colon + 1) };
  }
  const { username, password } = entry;
  return { username: textOf(username), password: textOf(password) };
}
