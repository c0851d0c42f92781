import type { V1ObjectReference } from '@kubernetes/client-node';
import type { NodesMeaning } from './actuator.ts';
import type { ServiceSigns } from './service-watch.ts';

/** An object that asks for nodes, as it is now. */
export interface Reading {
  readonly annotations: Readonly<Record<string, string>>;
  readonly resourceVersion: string;
  /** Who set the number, by name. */
  readonly setters: readonly string[];
  /** What it asks for, in nodes; undefined when it says nothing. */
  readonly nodes: number | undefined;
  readonly signs: ServiceSigns;
  /** What the engine says about it, in words; may be empty. */
  readonly said: string;
}

/** An object whose number of replicas asks an engine for nodes. Every call rejects with a KubernetesError. */
export interface ScaledObject {
  /** For people: `capacity-buffer ci/builds`. */
  readonly name: string;
  readonly meaning: NodesMeaning;
  readonly reference: V1ObjectReference;
  read(signal: AbortSignal): Promise<Reading>;
  /** Sets the number and the owner in one write, which fails (409) when the object isn't the one that was read. */
  write(reading: Reading, request: ScaleRequest, signal: AbortSignal): Promise<void>;
  /** Makes it, where we may; without this it must be there. */
  create?(request: ScaleRequest, signal: AbortSignal): Promise<void>;
  /** What to do when it isn't there. */
  readonly cure: string;
}

/** What is asked for, and by which Hangar. */
export interface ScaleRequest {
  readonly nodes: number;
  readonly self: string;
}
