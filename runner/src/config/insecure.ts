/** The settings that may weaken a connection, or the secret that it depends on. */
export interface ConnectionValues {
  readonly rpcProto: string;
  readonly rpcHost: string;
  readonly rpcSecret: string;
  readonly rpcSkipVerify: boolean;
  readonly secretSkipVerify: boolean;
  readonly registrySkipVerify: boolean;
  readonly envSkipVerify: boolean;
}

/** Keys of Pods are derived from the secret, so that a short one can be guessed from a signature that is visible in the cluster. */
const SECRET_BYTES = 16;
const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])(:\d+)?\/*$/;

/** Warnings about connections that others can read or forge, and about a secret that can be guessed. Pure. */
export function insecureConnections(values: ConnectionValues): readonly string[] {
  const unchecked = [
    ['DRONE_RPC_SKIP_VERIFY', values.rpcSkipVerify, 'the Drone server'],
    ['DRONE_SECRET_PLUGIN_SKIP_VERIFY', values.secretSkipVerify, 'the secret plugin'],
    ['DRONE_REGISTRY_PLUGIN_SKIP_VERIFY', values.registrySkipVerify, 'the registry plugin'],
    ['DRONE_ENV_PLUGIN_SKIP_VERIFY', values.envSkipVerify, 'the environment plugin'],
  ] as const;
  const isPlain = values.rpcProto === 'http' && !LOOPBACK.test(values.rpcHost.trim());
  const isShort = Buffer.byteLength(values.rpcSecret) < SECRET_BYTES;
  return [
    ...(isShort
      ? [
          `DRONE_RPC_SECRET is shorter than ${SECRET_BYTES} bytes: anyone who can read Pods of builds can guess it, and accept or report stages; set a random one such as the output of \`openssl rand -hex 16\`, at the Drone server too`,
        ]
      : []),
    ...(isPlain
      ? [
          'DRONE_RPC_PROTO is http: anyone who can read the traffic to the Drone server learns its shared secret and the secrets of builds; use https',
        ]
      : []),
    ...unchecked
      .filter(([, isSkipped]) => isSkipped)
      .map(
        ([name, , who]) =>
          `${name} is set: an attacker on the network can impersonate ${who} and read secrets. Trust its certificate authority with NODE_EXTRA_CA_CERTS instead`,
      ),
  ];
}
