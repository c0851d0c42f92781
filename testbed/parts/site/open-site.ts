import { writeFile } from 'node:fs/promises';
import { stringify } from 'yaml';
import { type PracticeServer, startPracticeServer } from '../drone/practice-server.ts';
import { clusterFacts } from '../real/facts.ts';
import { adminApi } from '../real/kubernetes.ts';
import type { Say } from '../real/plan/build-progress.ts';
import { cluster, type Layout } from '../real/plan/layout.ts';
import { makeBridge } from './bridge.ts';
import { forward } from './forwarder.ts';
import { offerPrograms } from './program-images.ts';
import { siteValues } from './site-values.ts';

/** The secret of the practice Drone server, as the runner must send it. */
export const SITE_SECRET = 'practice';
/** Port of the practice Drone server on 127.0.0.1: the default of its commands. */
const DRONE_PORT = 8090;

/** Everything on this machine that a release of the chart on the testbed needs beside the cluster. */
export interface OpenSite {
  readonly drone: PracticeServer;
  close(): Promise<void>;
}

/**
 * Puts the images of this clone on the node, starts a practice Drone server, lets Pods reach it, the API server and the registry, and
 * writes values of the chart for all this.
 *
 * @param file where the values are written, as YAML
 * @throws when the image of the gate is not on the node, or when port 8090 is in use
 */
export async function openSite(layout: Layout, file: string, say: Say): Promise<OpenSite> {
  const { gateImage, images: present, nodeName } = await clusterFacts(layout);
  if (gateImage === undefined)
    throw new Error('the image of the gate is not on the node: npm run testbed -- gate');
  await using opened = new AsyncDisposableStack();
  const drone = await startPracticeServer({ secret: SITE_SECRET, port: DRONE_PORT });
  opened.defer(() => drone.close());
  say('chart: building the images of the runner and the autoscaler, and putting them on the node ...');
  const programs = await offerPrograms(layout);
  await makeBridge(await adminApi(layout), cluster.namespace, present.busybox);
  const bridged = async (port: number) => {
    const forwarder = await forward(port);
    opened.defer(() => forwarder.close());
    return forwarder;
  };
  const addresses = {
    api: await bridged(cluster.ports.apiServer),
    drone: await bridged(DRONE_PORT),
    registry: await bridged(cluster.ports.registry),
  };
  const { clone, busybox } = present;
  const values = siteValues({
    nodeName,
    images: { ...programs, gate: gateImage, clone, busybox },
    addresses,
  });
  await writeFile(file, stringify(values, { aliasDuplicateObjects: false }));
  const all = opened.move();
  return { drone, close: () => all.disposeAsync() };
}
