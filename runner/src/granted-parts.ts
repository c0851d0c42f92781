import { type Cluster, type ObjectWriter, RESOURCE, type Target } from '@hangar/shared/kubernetes/cluster';
import { UpdateWriter, withWriter } from '@hangar/shared/kubernetes/update-writer';
import type { V1Pod } from '@kubernetes/client-node';
import { annotationContents, type PodContents, secretContents } from './adopt/contents.ts';
import type { CompileSettings } from './compile/settings.ts';
import type { RunnerConfig } from './config/runner-config.ts';
import type { Granted } from './permissions/review.ts';
import {
  chooseGate,
  type GateChoice,
  gateLookup,
  operatorCredentials,
  ownImage,
} from './prepare/gate-image.ts';
import type { RunnerParts } from './runner.ts';
import type { DraftParts } from './stage/draft.ts';

/** Chooses the image of the gate, by what the registries say. */
export async function gateImageOf(
  facts: RunnerConfig['gate'],
  by: {
    readonly cluster: Pick<Cluster, 'get'>;
    readonly prepare: DraftParts['prepare'];
    readonly pod: { readonly namespace: string; readonly name: string };
  },
  signal: AbortSignal,
): Promise<GateChoice> {
  const own = facts.chosen === '' ? (await ownImage(by.cluster, by.pod, signal)) || facts.own : '';
  const credentials = await operatorCredentials(by.prepare.readDockerConfig);
  return chooseGate({ ...facts, own }, gateLookup(by.prepare.images, credentials, signal));
}

/** Swapped steps wait with the gate's image too, unless the settings name another one. */
export const withGateImage = (settings: CompileSettings, gateImage: string): CompileSettings => ({
  ...settings,
  gateImage,
  placeholderImage: settings.placeholderImage === settings.gateImage ? gateImage : settings.placeholderImage,
});

/** The same parts with the means that the rights allow. Pure. */
export function withRights(parts: RunnerParts, granted: Granted, namespaces: readonly string[]): RunnerParts {
  const isIn = (places: readonly string[], namespace: string): boolean =>
    places.includes(namespace) || (places.includes('') && !namespaces.includes(namespace));
  const update = new UpdateWriter(parts.cluster);
  const writer: ObjectWriter = {
    patch: (target, ...change) =>
      isUpdated(target, (namespace) => isIn(granted.updateIn, namespace))
        ? update.patch(target, ...change)
        : parts.cluster.patch(target, ...change),
  };
  const of = (pod: V1Pod): PodContents =>
    isIn(granted.secretsHiddenIn, pod.metadata?.namespace ?? '') ? annotationContents : secretContents;
  const hasEvents = (namespace: string): boolean =>
    granted.eventPlaces.includes(namespace) || granted.eventPlaces.includes('');
  return {
    ...parts,
    gateVolumes: parts.gateVolumes.with({ hasEvents }),
    cluster: granted.updateIn.length === 0 ? parts.cluster : withWriter(parts.cluster, writer),
    contents: {
      contentsOf: (with_, pod, ...rest) => of(pod).contentsOf(with_, pod, ...rest),
      isComplete: (with_, pod, ...rest) => of(pod).isComplete(with_, pod, ...rest),
    },
  };
}

const isUpdated = (
  { resource, namespace = '' }: Target,
  mustUpdate: (namespace: string) => boolean,
): boolean => resource.plural === RESOURCE.pods.plural && mustUpdate(namespace);
