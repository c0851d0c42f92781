/** Names of the variables of plugin settings. The same few settings are in many steps, so each name is made once for a file. */
export class SettingNames {
  readonly #names = new Map<string, string>();

  /** Upper case, nothing else changed. */
  of(key: string): string {
    const known = this.#names.get(key);
    if (known !== undefined) return known;
    const name = `PLUGIN_${key.toUpperCase()}`;
    this.#names.set(key, name);
    return name;
  }
}
