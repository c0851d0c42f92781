import type { Environment, Setting } from '@hangar/shared/config';
import { nearest } from '@hangar/shared/program/nearest';
import { NEW } from './hangar-settings.ts';
import { PROXY_NAMES, SETTINGS, WITHOUT_EFFECT } from './settings.ts';

/** How Hangar treats a variable of the old runner: unchanged, differently, ignored, or unknown; `wrong` prevents the start. */
export type SettingSupport = 'wrong' | 'changed' | 'ignored' | 'unknown' | 'kept';

/** One variable, and how Hangar treats it. Without its value: some are secrets. */
export interface Judged {
  readonly name: string;
  readonly verdict: SettingSupport;
  /** The reason, or the remedy; for `kept`, the purpose of the variable. */
  readonly words: string;
}

const ORDER: readonly SettingSupport[] = ['wrong', 'changed', 'ignored', 'unknown', 'kept'];

const ALL: readonly Setting<unknown>[] = Object.values(SETTINGS);
const BY_NAME = new Map(ALL.map((one) => [one.name, one]));
const LEGACY = new Map(ALL.flatMap((one) => one.legacyNames.map((name) => [name, one] as const)));
const PROXIES: ReadonlySet<string> = new Set(PROXY_NAMES.flatMap((name) => [name, name.toUpperCase()]));
/** Kubernetes sets these in every Pod of a namespace with a Service of such a name. */
const SERVICE_LINK = /_(SERVICE_HOST|SERVICE_PORT(_\w+)?|PORT_\d+_(TCP|UDP)(_\w+)?)$/;

/**
 * Classifies every variable that concerns Drone, Hangar or a proxy. Pure.
 *
 * @param problems from `loadConfig`: each starts with the name of its variable
 */
export function judgeSettings(env: Environment, problems: readonly string[]): readonly Judged[] {
  const wrong = Map.groupBy(problems, (text) => /^\w+/.exec(text)?.[0] ?? '');
  const names = Object.keys(env).filter((name) => /^(DRONE|HANGAR)_/.test(name) || PROXIES.has(name));
  const missing = [...wrong.keys()].filter((name) => !names.includes(name));
  return [...missing, ...names]
    .map((name): Judged => {
      const own = wrong.get(name);
      if (own === undefined) return judge(name, env[name] ?? '');
      return { name, verdict: 'wrong', words: own.map((text) => text.slice(name.length).trim()).join('; ') };
    })
    .toSorted((a, b) => ORDER.indexOf(a.verdict) - ORDER.indexOf(b.verdict) || (a.name < b.name ? -1 : 1));
}

function judge(name: string, value: string): Judged {
  const why = whyIgnored(name, value);
  if (why !== undefined) return { name, verdict: 'ignored', words: why };
  const known = BY_NAME.get(name) ?? LEGACY.get(name);
  if (known) return judgeKnown(name, known);
  return PROXIES.has(name) ? kept(name, PROXY) : unknown(name);
}

function whyIgnored(name: string, value: string): string | undefined {
  const isLink = SERVICE_LINK.test(name) || (name.endsWith('_PORT') && /^(tcp|udp):\/\//.test(value));
  if (isLink) return 'Kubernetes sets it for a Service of that name';
  return WITHOUT_EFFECT[name] ?? (value.trim() === '' ? 'it is empty, which counts as unset' : undefined);
}

function judgeKnown(name: string, known: Setting<unknown>): Judged {
  if (known.name !== name) return kept(name, `${known.description} It was renamed to ${known.name}.`);
  if (known.note === '' || known.note === NEW) return kept(name, known.description);
  return { name, verdict: 'changed', words: known.note };
}

const PROXY = 'For steps and for connections of the runner.';

const kept = (name: string, words: string): Judged => ({ name, verdict: 'kept', words });

function unknown(name: string): Judged {
  const meant = nearest(name, [...BY_NAME.keys(), ...LEGACY.keys()]);
  const words =
    meant === undefined
      ? 'the runner does not read it; it may be a setting of the server'
      : `it is unknown; did you mean ${meant}?`;
  return { name, verdict: 'unknown', words };
}
