import { formatSpan, parseSpanMs } from '@hangar/shared/span';
import { EARLY_SUCCESS } from '../pipeline/exit-codes.ts';
import type { ServiceReady, StepRetry } from '../pipeline/pipeline.ts';
import { type Decoder, type Fields, isNull } from './decoder.ts';
import type { YamlNode } from './yaml-node.ts';
import { resolveScalar } from './yaml-scalar.ts';

const LONGEST_SPAN_MS = 365 * 86_400_000;
const LONGEST_BACKOFF_MS = 60_000;
const DEFAULT_BACKOFF_MS = 1_000;
const DEFAULT_READY_MS = 60_000;
const MOST_ATTEMPTS = 10;
/** More than a Pod can have. */
const MOST_STEPS = 1_000;

const given = (node: YamlNode | undefined): YamlNode | undefined =>
  node === undefined || isNull(node) ? undefined : node;

/** Milliseconds; undefined if it is absent, or refused as a problem. */
function readSpan(
  decoder: Decoder,
  found: YamlNode | undefined,
  { name, mostMs }: { readonly name: string; readonly mostMs: number },
): number | undefined {
  const node = given(found);
  if (node === undefined) return undefined;
  if (node.kind !== 'scalar') {
    decoder.mismatch(node, 'duration');
    return undefined;
  }
  const ms = parseSpanMs(node.text);
  if (ms !== undefined && ms > 0 && ms <= mostMs) return ms;
  const shown = JSON.stringify(node.text.slice(0, 40));
  decoder.problem(
    node,
    `${name} ${shown} is not a duration of more than 0 and at most ${formatSpan(mostMs)}: write a number with a unit, such as 90s or 10m`,
  );
  return undefined;
}

/** A whole number between two others; undefined if it is absent, or refused as a problem. */
function readWhole(
  decoder: Decoder,
  found: YamlNode | undefined,
  { name, least, most }: { readonly name: string; readonly least: number; readonly most: number },
): number | undefined {
  const node = given(found);
  if (node === undefined) return undefined;
  const value = decoder.optionalInteger(node);
  const isNumber = node.kind === 'scalar' && ['int', 'float'].includes(resolveScalar(node).kind);
  if (!isNumber) return undefined;
  const isWhole = resolveScalar(node).kind === 'int';
  if (isWhole && value !== undefined && value >= least && value <= most) return value;
  decoder.problem(node, `${name} must be a whole number from ${least} to ${most}`);
  return undefined;
}

/** The `parallelism` of a pipeline; undefined if absent. */
export const readParallelism = (decoder: Decoder, node: YamlNode | undefined): number | undefined =>
  readWhole(decoder, node, { name: 'parallelism', least: 1, most: MOST_STEPS });

/** The `timeout` of a step, in milliseconds; undefined if absent. */
export const readTimeout = (decoder: Decoder, node: YamlNode | undefined): number | undefined =>
  readSpan(decoder, node, { name: 'timeout', mostMs: LONGEST_SPAN_MS });

function readExitCodes(decoder: Decoder, node: YamlNode | undefined): readonly number[] | undefined {
  if (node === undefined) return undefined;
  const codes = decoder.structs(node, 'int', (item) => readExitCode(decoder, item));
  if (node.kind === 'seq' && codes.length === 0)
    decoder.problem(
      node,
      'retry.exit_codes is empty: name at least one exit code, or leave the field out to run the step again after every failure',
    );
  return codes.flatMap((code) => code ?? []);
}

function readExitCode(decoder: Decoder, node: YamlNode): number | undefined {
  if (isNull(node)) decoder.mismatch(node, 'int');
  const code = readWhole(decoder, node, { name: 'an exit code of retry.exit_codes', least: 1, most: 255 });
  if (code !== EARLY_SUCCESS) return code;
  decoder.problem(
    node,
    `retry.exit_codes contains ${EARLY_SUCCESS}, which is no failure: it ends the pipeline early with success`,
  );
  return undefined;
}

/** The `retry` of a step; undefined if absent. */
export function readRetry(decoder: Decoder, found: YamlNode | undefined): StepRetry | undefined {
  const node = given(found);
  if (node === undefined) return undefined;
  const fields = decoder.fields(node, 'retry');
  const attempts = readWhole(decoder, fields.get('attempts'), {
    name: 'retry.attempts',
    least: 2,
    most: MOST_ATTEMPTS,
  });
  if (node.kind === 'map' && given(fields.get('attempts')) === undefined)
    decoder.problem(
      node,
      `retry has no attempts: set how often the step may run, from 2 to ${MOST_ATTEMPTS}`,
    );
  const exitCodes = readExitCodes(decoder, given(fields.get('exit_codes')));
  const backoffMs = readSpan(decoder, fields.get('backoff'), {
    name: 'retry.backoff',
    mostMs: LONGEST_BACKOFF_MS,
  });
  return {
    attempts: attempts ?? 2,
    ...(exitCodes === undefined ? {} : { exitCodes }),
    backoffMs: backoffMs ?? DEFAULT_BACKOFF_MS,
  };
}

const PROBES = ['tcp', 'http', 'exec'] as const;

const readPort = (decoder: Decoder, node: YamlNode | undefined, name: string): number =>
  readWhole(decoder, node, { name, least: 1, most: 65_535 }) ?? 1;

function readHttp(decoder: Decoder, node: YamlNode): { readonly port: number; readonly path: string } {
  const fields = decoder.fields(node, 'http');
  const path = given(fields.get('path'));
  if (node.kind === 'map' && given(fields.get('port')) === undefined)
    decoder.problem(node, 'ready.http has no port: set the port of the service');
  const text = path === undefined ? '/' : decoder.text(path);
  if (path?.kind === 'scalar' && !/^\/[!-~]*$/.test(text))
    decoder.problem(
      path,
      'ready.http.path must begin with / and contain neither spaces nor characters outside of ASCII, such as /healthz',
    );
  return { port: readPort(decoder, fields.get('port'), 'ready.http.port'), path: text };
}

function readExec(decoder: Decoder, node: YamlNode): readonly string[] {
  const words = decoder.texts(node);
  if (node.kind === 'seq' && (words[0] ?? '') === '')
    decoder.problem(node, 'ready.exec has no program: write a list such as [pg_isready, -q]');
  return words;
}

type Probe =
  | { readonly tcp: number }
  | { readonly http: ReturnType<typeof readHttp> }
  | { readonly exec: readonly string[] };

/** All that are there are read, so that their errors are found too. */
function readProbe(decoder: Decoder, fields: Fields<'ready'>): Probe | undefined {
  const [tcp, http, exec] = PROBES.map((probe) => given(fields.get(probe)));
  const probes = [
    tcp && { tcp: readPort(decoder, tcp, 'ready.tcp') },
    http && { http: readHttp(decoder, http) },
    exec && { exec: readExec(decoder, exec) },
  ];
  return probes.find((probe) => probe !== undefined);
}

/** The `ready` of a service; undefined if absent, or if it names no probe, which is a problem. */
export function readReady(decoder: Decoder, found: YamlNode | undefined): ServiceReady | undefined {
  const node = given(found);
  if (node === undefined) return undefined;
  const fields = decoder.fields(node, 'ready');
  const named = PROBES.filter((probe) => given(fields.get(probe)) !== undefined);
  if (node.kind === 'map' && named.length !== 1)
    decoder.problem(
      node,
      named.length === 0
        ? 'ready has no check: set exactly one of tcp, http and exec, such as tcp: 5432'
        : `ready has ${named.join(' and ')}: set exactly one of tcp, http and exec`,
    );
  const probe = readProbe(decoder, fields);
  const timeoutMs = readSpan(decoder, fields.get('timeout'), {
    name: 'ready.timeout',
    mostMs: LONGEST_SPAN_MS,
  });
  return probe && { ...probe, timeoutMs: timeoutMs ?? DEFAULT_READY_MS };
}
