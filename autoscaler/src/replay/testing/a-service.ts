import { loadReplayedSettings, type ReplayedSettings } from '../../config/load.ts';
import { CapacityPolicy } from '../../decide/capacity-policy.ts';
import type { ServiceOptions } from '../policies/service.ts';

/** The settings of the service as they are without any variable. */
export function defaultSettings(): ReplayedSettings {
  const loaded = loadReplayedSettings({});
  if ('problems' in loaded) throw new Error(loaded.problems.join('; '));
  return loaded.ok;
}

/** The service as it is replayed by default, with other settings where given. */
export function aService(change: Partial<ReplayedSettings> = {}): ServiceOptions {
  const settings = { ...defaultSettings(), ...change };
  return { ...settings, policy: new CapacityPolicy(settings) };
}
