import type { RegistryCredentials } from '../compile/settings.ts';

/** A docker `config.json` that can't be used. The message never holds its text. */
export class DockerConfigError extends Error {
  override readonly name = 'DockerConfigError';
}

/**
 * Credentials of a docker `config.json` (previous-runner §1.6.4): `auths` by address, `auth` wins over `username` and `password`.
 * Credential helpers and identity tokens are not supported.
 *
 * @throws {DockerConfigError} when it is no JSON object with `auths`
 */
export function parseDockerConfig(text: string): readonly RegistryCredentials[] {
  const auths = objectAt(parseJson(text), 'auths');
  return Object.entries(auths)
    .map(([address, raw]) => ({ address: hostOf(address), ...loginOf(raw) }))
    .filter(({ username, password }) => username !== '' || password !== '');
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw new DockerConfigError('it is no JSON');
  }
}

function objectAt(value: unknown, name: string): Readonly<Record<string, unknown>> {
  const inner = isObject(value) ? value[name] : undefined;
  if (isObject(inner)) return inner;
  throw new DockerConfigError(`it has no object ${JSON.stringify(name)}`);
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function loginOf(raw: unknown): { username: string; password: string } {
  const entry = isObject(raw) ? raw : {};
  if (typeof entry.auth === 'string' && entry.auth !== '') {
    const plain = Buffer.from(entry.auth, 'base64').toString('utf8');
    const colon = plain.indexOf(':');
    return colon < 0
      ? { username: plain, password: '' }
      : { username: plain.slice(0, colon), password: plain.slice(colon + 1) };
  }
  const { username, password } = entry;
  return {
    username: typeof username === 'string' ? username : '',
    password: typeof password === 'string' ? password : '',
  };
}

/** The host, where the address is a URL; else as it is (`localhost:5000`, `gcr.io`). */
function hostOf(address: string): string {
  return /^[a-z]+:\/\//i.test(address) && URL.canParse(address) ? new URL(address).host : address;
}
