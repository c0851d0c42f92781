import type { V1ObjectReference } from '@kubernetes/client-node';
import type { NodesMeaning } from './actuator.ts';
import type { ProvisioningSigns } from './provisioning-watch.ts';

/** A scaled object, as it was read. */
export interface ScaleReading {
  readonly annotations: Readonly<Record<string, string>>;
  readonly resourceVersion: string;
  /** Field managers that set the number. */
  readonly setters: readonly string[];
  /** What it asks for, in nodes; undefined when it has no number. */
  readonly nodes: number | undefined;
  readonly signs: ProvisioningSigns;
  /** The engine's conditions as a sentence; may be empty. */
  readonly engineText: string;
}

/** An object whose number of replicas asks an engine for nodes. Every call rejects with a KubernetesError. */
export interface ScaledObject {
  /** For people: `capacity-buffer ci/builds`. */
  readonly name: string;
  readonly meaning: NodesMeaning;
  readonly reference: V1ObjectReference;
  read(signal: AbortSignal): Promise<ScaleReading>;
  /** Sets the number, and the owner where the object takes one from us, in one write, which fails (409) when the object isn't the one that was read. */
  write(reading: ScaleReading, request: ScaleRequest, signal: AbortSignal): Promise<void>;
  /** What to do when it isn't there. */
  readonly cure: string;
}

/** What is asked for, and by which Hangar. */
export interface ScaleRequest {
  readonly nodes: number;
  readonly self: string;
}
