import type { Environment } from '@hangar/shared/config';
import { errorText } from '@hangar/shared/error-text';
import { parseJson, recordOf, textMapOf } from '@hangar/shared/json';
import { UsageError } from '@hangar/shared/program/command-error';
import type { CommandContext } from '@hangar/shared/program/context';
import { parseDotenv, withDotenv } from '../config/dotenv.ts';
import type { Host } from '../config/load.ts';
import type { Account } from '../restrict/pipeline-choices.ts';

const OWN_NAMESPACE = '/var/run/secrets/kubernetes.io/serviceaccount/namespace';
const OWN_TOKEN = '/var/run/secrets/kubernetes.io/serviceaccount/token';

/** Data about the Pod of this process, if it runs in one. */
export function hostOf({
  env,
  hostname,
  version,
  readFile,
}: Pick<CommandContext, 'env' | 'hostname' | 'version' | 'readFile'>): Host {
  const claims = claimsOf(textIfThere(readFile, OWN_TOKEN));
  const pod = podOf(claims);
  return {
    hostname: env['POD_NAME'] || hostname,
    podUid: env['POD_UID'] || pod.uid,
    podName: env['POD_NAME'] || pod.name,
    version,
    namespace: textIfThere(readFile, OWN_NAMESPACE).trim(),
    account: accountOf(claims),
  };
}

/**
 * The environment, plus variables of `.env` in the working directory that it does not set. For the daemon alone: the other commands run in
 * clones of repositories, whose authors must not choose a kubeconfig for them.
 */
export function withLocalVariables({ env, readFile, complain }: CommandContext): Environment {
  try {
    return withDotenv(env, parseDotenv(textIfThere(readFile, '.env')));
  } catch (error) {
    complain(`hangar-runner: .env in the working directory is ignored: ${errorText(error)}`);
    return env;
  }
}

function textIfThere(readFile: CommandContext['readFile'], path: string): string {
  try {
    return readFile(path);
  } catch {
    return '';
  }
}

/** Text of a file named on the command line. @throws {UsageError} if it can't be read */
export function textOf({ readFile }: Pick<CommandContext, 'readFile'>, path: string): string {
  try {
    return readFile(path);
  } catch (error) {
    throw new UsageError(`${path} cannot be read: ${errorText(error)}`);
  }
}

/** Variables of a file named on the command line. @throws {UsageError} with the line, never a value */
export function variablesOf(
  context: Pick<CommandContext, 'readFile'>,
  path: string,
): Readonly<Record<string, string>> {
  const text = textOf(context, path);
  try {
    return parseDotenv(text);
  } catch (error) {
    throw new UsageError(`${path} is not an environment file: ${errorText(error)}`);
  }
}

type Claims = Readonly<Record<string, unknown>>;

/** The claims of a JSON Web Token (RFC 7519), unverified: the API server checks the signature. Empty if the text is no token. */
const claimsOf = (token: string): Claims =>
  recordOf(parseJson(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString('utf8')));

/** The service account that a token was issued for. */
function accountOf(claims: Claims): Account | undefined {
  const [, namespace, name] = /^system:serviceaccount:([^:]+):([^:]+)$/.exec(String(claims['sub'])) ?? [];
  return namespace === undefined || name === undefined ? undefined : { namespace, name };
}

/** The Pod that a token was issued for, as the previous runner's Deployment sets no variables with it; empty if the token has another form. */
function podOf(claims: Claims): { readonly name: string; readonly uid: string } {
  const { name = '', uid = '' } = textMapOf(recordOf(claims['kubernetes.io'])['pod']);
  return { name, uid };
}
