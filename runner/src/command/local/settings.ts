import { errorText } from '@hangar/shared/error-text';
import type { CompileSettings } from '../../compile/settings.ts';
import { parseDotenv } from '../../config/dotenv.ts';
import { loadConfig } from '../../config/load.ts';
import type { RunnerConfig } from '../../config/runner-config.ts';
import type { Surroundings } from '../command.ts';
import { type Flags, UsageError } from './flags.ts';
import { textOf } from './outcome.ts';

const MIB = 1024 * 1024;

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
    throw new UsageError(`${path}: ${errorText(error)}`);
  }
}
