import type { CompileSettings } from '../../compile/settings.ts';
import { parseDotenv } from '../../config/dotenv.ts';
import { loadConfig } from '../../config/load.ts';
import type { RunnerConfig } from '../../config/runner-config.ts';
import type { Surroundings } from '../command.ts';
import { type FlagSpec, type Flags, UsageError } from './flags.ts';
import { textOf } from './outcome.ts';

const GROUP = 'What the Pod is made with';
const MIB = 1024 * 1024;

const row = (
  name: string,
  kind: FlagSpec['kind'],
  help: string,
  value = kind === 'number' ? 'N' : 'TEXT',
): FlagSpec => ({ name, kind, help, group: GROUP, ...(kind === 'flag' || kind === 'map' ? {} : { value }) });

/** Flags for what a daemon has as settings (runner-spec §2.2); `DRONE_*` and `HANGAR_*` variables count too, flags win. */
export const SETTINGS_FLAGS: readonly FlagSpec[] = [
  row('namespace', 'text', 'namespace of the Pod where the pipeline names none'),
  row('secrets', 'map', 'a secret of the pipeline; seen in the list of processes, so better:'),
  row('secret-file', 'list', 'secrets from a file of NAME=value lines', 'FILE'),
  row('environ', 'map', 'a variable of every step, also for ${} in the file'),
  row('labels', 'map', 'a label of the Pod'),
  row('volumes', 'map', 'folder of the host=path in every step; :ro behind it makes it read-only'),
  row('privileged', 'list', 'one more image that runs privileged', 'IMAGE'),
  row('policy', 'text', 'policy file', 'FILE'),
  row('gate-image', 'text', 'image of the gate (HANGAR_GATE_IMAGE)', 'IMAGE'),
  row('clone-image', 'text', 'image of the clone step (DRONE_IMAGE_CLONE)', 'IMAGE'),
  row('service-account', 'text', 'service account where the pipeline names none', 'NAME'),
  row('limit-memory', 'number', 'memory limit of each container in MiB'),
  row('limit-cpu', 'number', 'CPU limit of each container in millicores'),
  row('request-memory', 'number', 'memory request of the Pod in MiB (100)'),
  row('request-cpu', 'number', 'CPU request of the Pod in millicores (100)'),
  row('min-request-memory', 'number', 'least memory request of a container in MiB (4)'),
  row('min-request-cpu', 'number', 'least CPU request of a container in millicores (1)'),
  row('netrc-clone-only', 'flag', 'only the clone step gets the Git credentials'),
  row('tmate-enabled', 'flag', 'debug sessions for builds with the debug mark'),
  row('tmate-image', 'text', 'image that carries tmate', 'IMAGE'),
  row('tmate-server-host', 'text', 'own tmate server'),
  row('tmate-server-port', 'text', 'its port'),
  row('tmate-server-rsa-fingerprint', 'text', 'its RSA host key'),
  row('tmate-server-ed25519-fingerprint', 'text', 'its Ed25519 host key'),
];

/**
 * The settings with which a pipeline is compiled on the command line. Server and token, which a daemon can't do without, are not
 * asked for.
 *
 * @param contextNamespace where neither flag nor variable names a namespace
 * @throws {UsageError} naming all variables and files that are wrong
 */
export function configOf(
  flags: Flags,
  { env, readFile, host }: Pick<Surroundings, 'env' | 'readFile' | 'host'>,
  contextNamespace: string,
): RunnerConfig {
  const policy = flags.text('policy');
  const variables = {
    ...env,
    DRONE_RPC_HOST: env['DRONE_RPC_HOST'] || 'none',
    DRONE_RPC_SECRET: env['DRONE_RPC_SECRET'] || 'none',
    DRONE_NAMESPACE_DEFAULT: flags.text('namespace') || env['DRONE_NAMESPACE_DEFAULT'] || contextNamespace,
    ...(policy === undefined ? {} : { DRONE_POLICY_FILE: policy }),
  };
  const loaded = loadConfig(variables, readFile, host);
  if ('problems' in loaded) throw new UsageError(loaded.problems.join('\n  '));
  const config = loaded.ok;
  return {
    ...config,
    environment: { ...config.environment, ...flags.map('environ') },
    compile: { ...compileOf(flags, config.compile), tmate: tmateOf(flags, config.compile.tmate) },
  };
}

function compileOf(flags: Flags, given: CompileSettings): CompileSettings {
  const gateImage = flags.text('gate-image') ?? given.gateImage;
  const ownGate = given.placeholderImage === given.gateImage;
  return {
    ...given,
    gateImage,
    placeholderImage: ownGate ? gateImage : given.placeholderImage,
    cloneImage: flags.text('clone-image') ?? given.cloneImage,
    defaultServiceAccount: flags.text('service-account') ?? given.defaultServiceAccount,
    defaultLabels: { ...given.defaultLabels, ...flags.map('labels') },
    globalVolumes: [...given.globalVolumes, ...Object.entries(flags.map('volumes')).map(volumeOf)],
    privilegedImages: [...given.privilegedImages, ...flags.list('privileged')],
    netrcCloneOnly: flags.yes('netrc-clone-only') ?? given.netrcCloneOnly,
    limits: amount(flags, 'limit', given.limits),
    requests: amount(flags, 'request', given.requests),
    minRequests: amount(flags, 'min-request', given.minRequests),
  };
}

function volumeOf([hostPath, target]: readonly [string, string]): CompileSettings['globalVolumes'][number] {
  const readOnly = target.endsWith(':ro');
  return { hostPath, containerPath: readOnly ? target.slice(0, -':ro'.length) : target, readOnly };
}

function amount(flags: Flags, what: string, given: CompileSettings['limits']): CompileSettings['limits'] {
  const memoryMib = flags.number(`${what}-memory`);
  return {
    cpuMillicores: flags.number(`${what}-cpu`) ?? given.cpuMillicores,
    memoryBytes: memoryMib === undefined ? given.memoryBytes : memoryMib * MIB,
  };
}

function tmateOf(flags: Flags, given: CompileSettings['tmate']): CompileSettings['tmate'] {
  return {
    enabled: flags.yes('tmate-enabled') ?? given.enabled,
    image: flags.text('tmate-image') ?? given.image,
    host: flags.text('tmate-server-host') ?? given.host,
    port: flags.text('tmate-server-port') ?? given.port,
    fingerprintRsa: flags.text('tmate-server-rsa-fingerprint') ?? given.fingerprintRsa,
    fingerprintEd25519: flags.text('tmate-server-ed25519-fingerprint') ?? given.fingerprintEd25519,
  };
}

/** Secrets of `--secret-file`, over which those of `--secrets` lie. @throws {UsageError} naming the file and line, never a value */
export function secretsOf(
  flags: Flags,
  readFile: Surroundings['readFile'],
): Readonly<Record<string, string>> {
  const files = flags.list('secret-file').map((path) => dotenvOf(path, textOf(readFile, path)));
  return Object.assign({}, ...files, flags.map('secrets')) as Record<string, string>;
}

function dotenvOf(path: string, text: string): Readonly<Record<string, string>> {
  try {
    return parseDotenv(text);
  } catch (error) {
    throw new UsageError(`${path}: ${error instanceof Error ? error.message : String(error)}`);
  }
}
