import { type Setting, type SettingInfo, setting } from '@hangar/shared/config';
import { FLAG, LIST, MAP, maybe, TEXT, type ValueKind } from '@hangar/shared/config-values';

const NONE: Readonly<Record<string, string>> = {};

/** Any text. */
export const text = (name: string, about: SettingInfo, fallback = ''): Setting<string> =>
  setting(name, TEXT, fallback, about);
/** A boolean. */
export const flag = (name: string, about: SettingInfo, fallback = false): Setting<boolean> =>
  setting(name, FLAG, fallback, about);
/** `name:value` pairs. */
export const map = (name: string, about: SettingInfo): Setting<Readonly<Record<string, string>>> =>
  setting(name, MAP, NONE, about);
/** A list of strings. */
export const list = (name: string, about: SettingInfo): Setting<readonly string[]> =>
  setting(name, LIST, [], about);
/** Undefined if it isn't set. */
export const optional = <T>(name: string, kind: ValueKind<T>, about: SettingInfo): Setting<T | undefined> =>
  setting(name, maybe(kind), undefined, about);
