import type { RegistryCredentials } from '../compile/settings.ts';

/** What a plugin is told about the build: repository and build as the server sent them (drone-rpc §6.4). */
export interface PluginSubject {
  readonly repo: Readonly<Record<string, unknown>>;
  readonly build: Readonly<Record<string, unknown>>;
}

/** A value of the runner's environment; `mask` values are hidden in logs. */
export interface EnvironmentEntry {
  readonly name: string;
  readonly value: string;
  readonly mask: boolean;
}

/** An external secret plugin. */
export interface SecretPlugin {
  /** The value, or undefined where the plugin has none. Rejects with a {@link PluginError}, or the signal's reason. */
  find(
    secret: { path: string; name: string },
    subject: PluginSubject,
    signal?: AbortSignal,
  ): Promise<string | undefined>;
}

/** An external registry plugin. */
export interface RegistryPlugin {
  /** Credentials for this build. Rejects as above. */
  list(subject: PluginSubject, signal?: AbortSignal): Promise<readonly RegistryCredentials[]>;
}

/** An external environment plugin. */
export interface EnvironmentPlugin {
  /** Variables for this build. Rejects as above. */
  list(subject: PluginSubject, signal?: AbortSignal): Promise<readonly EnvironmentEntry[]>;
}

/** A plugin that refused, or could not be understood; the message never holds its token or a value. */
export class PluginError extends Error {
  override readonly name = 'PluginError';
}
