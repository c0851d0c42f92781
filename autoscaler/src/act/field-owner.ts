import { recordOf } from '@hangar/shared/json';
import type { V1ManagedFieldsEntry } from '@kubernetes/client-node';

/** The name that the API server gives to our writes, by our user agent. */
const OURS = 'hangar';

/** Who owns `spec.replicas` by the object's managed fields: whoever changed it last, and whoever applies it. */
export function settersOf(fields: readonly V1ManagedFieldsEntry[] | undefined): readonly string[] {
  return (fields ?? [])
    .filter(({ fieldsV1 }) => recordOf(recordOf(fieldsV1)['f:spec'])['f:replicas'] !== undefined)
    .map(({ manager = 'an unnamed field manager' }) => manager);
}

/**
 * Notices that somebody else sets the number that we set: it was ours and is no longer. Times in managed fields don't show it (writes
 * through the scale subresource have none), and who made the object set it before us.
 */
export class SetterMemory {
  #wasOurs = false;

  /**
   * @param owner by our annotation; undefined: it has none, and may be taken over from whoever set it
   * @returns who set it after us; undefined: nobody did, as far as this process has seen
   */
  otherWriter(owner: string | undefined, setters: readonly string[]): string | undefined {
    const isOurs = setters.includes(OURS);
    if (isOurs || owner === undefined) this.#wasOurs = isOurs;
    return this.#wasOurs && !isOurs ? setters[0] : undefined;
  }
}
