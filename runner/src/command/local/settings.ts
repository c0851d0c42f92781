import { UsageError } from '@hangar/shared/program/command-error';
import type { CommandContext } from '@hangar/shared/program/context';
import type { CompileSettings } from '../../compile/settings.ts';
import { loadConfig } from '../../config/load.ts';
import type { RunnerConfig } from '../../config/runner-config.ts';
import { hostOf } from '../environment.ts';
import type { PipelineOptions } from '../options.ts';

const MIB = 1024 * 1024;

/**
 * The settings with which a pipeline is compiled on the command line. Server and secret, which a daemon requires, are not
 * required.
 *
 * @param contextNamespace default if neither option nor variable names a namespace
 * @throws {UsageError} naming all invalid variables and files
 */
export function localConfigOf(
  options: PipelineOptions,
  context: CommandContext,
  contextNamespace: string,
): RunnerConfig {
  const { env, readFile } = context;
  const { policy } = options;
  const variables = {
    ...env,
    DRONE_RPC_HOST: env['DRONE_RPC_HOST'] || 'none',
    DRONE_RPC_SECRET: env['DRONE_RPC_SECRET'] || 'none',
    DRONE_NAMESPACE_DEFAULT: options.namespace || env['DRONE_NAMESPACE_DEFAULT'] || contextNamespace,
    ...(policy === undefined ? {} : { DRONE_POLICY_FILE: policy }),
  };
  const loaded = loadConfig(variables, readFile, hostOf(context));
  if ('problems' in loaded) throw new UsageError(loaded.problems.join('\n  '));
  const config = loaded.ok;
  return {
    ...config,
    environment: { ...config.environment, ...options.environ },
    compile: { ...compileOf(options, config.compile), tmate: tmateOf(options, config.compile.tmate) },
  };
}

function compileOf(options: PipelineOptions, given: CompileSettings): CompileSettings {
  const gateImage = options['gate-image'] ?? given.gateImage;
  const ownGate = given.placeholderImage === given.gateImage;
  return {
    ...given,
    gateImage,
    placeholderImage: ownGate ? gateImage : given.placeholderImage,
    cloneImage: options['clone-image'] ?? given.cloneImage,
    defaultServiceAccount: options['service-account'] ?? given.defaultServiceAccount,
    defaultLabels: { ...given.defaultLabels, ...options.labels },
    globalVolumes: [...given.globalVolumes, ...Object.entries(options.volumes).map(volumeOf)],
    privilegedImages: [...given.privilegedImages, ...options.privileged],
    netrcCloneOnly: options['netrc-clone-only'] ?? given.netrcCloneOnly,
    limits: amount(options, 'limit', given.limits),
    requests: amount(options, 'request', given.requests),
    minRequests: amount(options, 'min-request', given.minRequests),
    // Only the daemon keeps containers: `exec` ends with the pipeline.
    keepFailedMs: 0,
    keepFailedMaxMs: 0,
  };
}

function volumeOf([hostPath, target]: readonly [string, string]): CompileSettings['globalVolumes'][number] {
  const readOnly = target.endsWith(':ro');
  return { hostPath, containerPath: readOnly ? target.slice(0, -':ro'.length) : target, readOnly };
}

function amount(
  options: PipelineOptions,
  what: 'limit' | 'request' | 'min-request',
  given: CompileSettings['limits'],
): CompileSettings['limits'] {
  const memoryMib = options[`${what}-memory`];
  return {
    cpuMillicores: options[`${what}-cpu`] ?? given.cpuMillicores,
    memoryBytes: memoryMib === undefined ? given.memoryBytes : memoryMib * MIB,
  };
}

function tmateOf(options: PipelineOptions, given: CompileSettings['tmate']): CompileSettings['tmate'] {
  return {
    enabled: options['tmate-enabled'] ?? given.enabled,
    image: options['tmate-image'] ?? given.image,
    host: options['tmate-server-host'] ?? given.host,
    port: options['tmate-server-port'] ?? given.port,
    fingerprintRsa: options['tmate-server-rsa-fingerprint'] ?? given.fingerprintRsa,
    fingerprintEd25519: options['tmate-server-ed25519-fingerprint'] ?? given.fingerprintEd25519,
  };
}
