import type { ProgramImages } from './program-images.ts';

/** An address on the Pods' bridge. */
export interface BridgeAddress {
  readonly host: string;
  readonly port: number;
}

/** What the chart's values depend on, on the testbed. */
export interface SiteFacts {
  readonly nodeName: string;
  /** Names of the images, as they are on the node. */
  readonly images: ProgramImages & {
    readonly gate: string;
    readonly clone: string;
    readonly busybox: string;
  };
  /** Where Pods reach the API server, the Drone server and the registry of this machine. */
  readonly addresses: Readonly<Record<'api' | 'drone' | 'registry', BridgeAddress>>;
}

/**
 * Values of the chart for the testbed: what an operator would write, and what this cluster needs besides, because its Pods have no DNS and
 * no routes, and some of its nodes are fake. Pure.
 */
export function siteValues({ nodeName, images, addresses: { api, drone, registry } }: SiteFacts) {
  const here = {
    nodeSelector: { 'kubernetes.io/hostname': nodeName },
    hostAliases: [{ ip: api.host, hostnames: ['kubernetes.default.svc'] }],
    extraEnv: [
      { name: 'KUBERNETES_SERVICE_HOST', value: 'kubernetes.default.svc' },
      { name: 'KUBERNETES_SERVICE_PORT', value: `${api.port}` },
    ],
  };
  const mirror = `${registry.host}:${registry.port}`;
  const config = {
    DRONE_RPC_HOST: `${drone.host}:${drone.port}`,
    DRONE_IMAGE_CLONE: images.clone,
    DRONE_NODE_SELECTOR_DEFAULT: here.nodeSelector,
    HANGAR_REGISTRY_MIRRORS: { 'docker.io': mirror },
    HANGAR_REGISTRY_PLAIN_HTTP: [mirror],
  };
  return {
    runner: {
      ...here,
      image: imageOf(images.runner),
      gateImage: imageOf(images.gate),
      rpcSecret: { existingSecret: 'drone-rpc' },
      config,
    },
    autoscaler: {
      ...here,
      image: imageOf(images.autoscaler),
      persistence: { enabled: false },
      rbac: { readOnly: true },
    },
    test: { image: images.busybox },
  };
}

/** A full name as the chart's values have it. */
function imageOf(name: string): { readonly repository: string; readonly tag: string } {
  const colon = name.lastIndexOf(':');
  return { repository: name.slice(0, colon), tag: name.slice(colon + 1) };
}
