/** The settings that may weaken a connection. */
export interface ConnectionValues {
  readonly rpcProto: string;
  readonly rpcHost: string;
  readonly rpcSkipVerify: boolean;
  readonly secretSkipVerify: boolean;
  readonly registrySkipVerify: boolean;
  readonly envSkipVerify: boolean;
}

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])(:\d+)?\/*$/;

/** Warnings about connections that others can read or forge. Pure. */
export function insecureConnections(values: ConnectionValues): readonly string[] {
  const unchecked = [
    ['DRONE_RPC_SKIP_VERIFY', values.rpcSkipVerify, 'the Drone server'],
    ['DRONE_SECRET_PLUGIN_SKIP_VERIFY', values.secretSkipVerify, 'the secret plugin'],
    ['DRONE_REGISTRY_PLUGIN_SKIP_VERIFY', values.registrySkipVerify, 'the registry plugin'],
    ['DRONE_ENV_PLUGIN_SKIP_VERIFY', values.envSkipVerify, 'the environment plugin'],
  ] as const;
  const isPlain = values.rpcProto === 'http' && !LOOPBACK.test(values.rpcHost.trim());
  return [
    ...(isPlain
      ? [
          'DRONE_RPC_PROTO is http: whoever can read the traffic to the Drone server gets its shared secret and the secrets of builds; use https',
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
