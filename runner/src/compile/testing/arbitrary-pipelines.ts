import fc from 'fast-check';
import { RESOURCE_MODES } from '../resource-mode.ts';
import type { CompileSettings } from '../settings.ts';
import { aCacheStorage, aPolicy, someSettings } from './a-pipeline.ts';
import { affinities, spreads } from './arbitrary-placement.ts';
import { podSecurities, stepSecurities } from './arbitrary-security.ts';

/** Texts that programs get wrong. */
export const oddTexts = fc.oneof(
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 12 }) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      '',
      ' ',
      '__proto__',
      'constructor',
      '../..',
      '$(A) $$ `b`',
      'Ünïcode',
      'a'.repeat(300),
    ),
  },
);
/** Mostly realistic values, sometimes arbitrary ones. */
const mostly = (...sane: string[]) =>
  fc.oneof({ weight: 15, arbitrary: fc.constantFrom(...sane) }, { weight: 1, arbitrary: oddTexts });
const sometimes = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined, freq: 2 });
const anyName = mostly('a', 'b', 'c', 'clone', 'build', 'Test it', 'redis');
/** Mostly the first kind of value. */
const rarely = <T, U>(usual: fc.Arbitrary<T>, odd: fc.Arbitrary<U>) =>
  fc.oneof({ weight: 30, arbitrary: usual }, { weight: 1, arbitrary: odd });
const cpu = rarely(fc.nat(4000), fc.constantFrom<unknown>('128MiB', -5, 0.5, [1]));
const memory = rarely(fc.constantFrom<unknown>('128MiB', '1GiB', 9_999_999), fc.constantFrom('10Q', -5));
const amounts = fc.record({ cpu, memory });
const resources = fc.record({ limits: sometimes(amounts), requests: sometimes(amounts) });
/** Keys and values of labels and the like. */
const pairs = (key: fc.Arbitrary<string>, text: fc.Arbitrary<string>) =>
  fc.dictionary(key, text, { maxKeys: 2 });
const plain = fc.constantFrom<unknown>(1, true, null, { from_secret: 'known' }, { from_secret: 'gone' });
const variable = fc.oneof(oddTexts, rarely(plain, fc.constant([1, 2])));
const setting = fc.oneof(oddTexts, plain, fc.constantFrom<unknown>([1, 2], { a: { b: 1 } }));
const when = fc.record({
  event: sometimes(mostly('push', 'tag')),
  status: sometimes(fc.constantFrom(['failure'], ['success', 'failure'])),
});
const span = rarely(fc.constantFrom('90s', '1h30m'), fc.constantFrom<unknown>('0s', 90, 'soon'));
const port = rarely(fc.constantFrom(80, 5432), fc.constantFrom<unknown>(0, 65_536, 'http'));
const retry = fc.record(
  {
    attempts: rarely(fc.constantFrom(2, 10), fc.constantFrom<unknown>(1, 11, undefined)),
    exit_codes: sometimes(rarely(fc.constant([1, 75]), fc.constantFrom<unknown>([78], [], 1))),
    backoff: sometimes(span),
  },
  { requiredKeys: [] },
);
const ready = fc.oneof(
  fc.record({ tcp: port, timeout: sometimes(span) }),
  fc.record({ http: fc.record({ port, path: sometimes(mostly('/healthz')) }) }),
  fc.record({
    exec: fc.array(mostly('pg_isready'), { maxLength: 2 }),
    tcp: rarely(fc.constant(undefined), port),
  }),
);

const step = fc.record(
  {
    name: anyName,
    image: mostly('golang', 'plugins/docker', 'registry.example.com:5000/a/b:1', 'known'),
    commands: sometimes(fc.array(oddTexts, { maxLength: 3 })),
    entrypoint: sometimes(fc.array(oddTexts, { maxLength: 2 })),
    command: sometimes(fc.array(oddTexts, { maxLength: 2 })),
    environment: sometimes(fc.dictionary(mostly('A', 'PATH', 'KUBERNETES_NODE'), variable, { maxKeys: 3 })),
    settings: sometimes(fc.dictionary(mostly('tag', 'my-key'), setting, { maxKeys: 3 })),
    detach: sometimes(fc.boolean()),
    depends_on: rarely(
      fc.constant(undefined),
      fc.array(fc.constantFrom('clone', 'a', 'b'), { maxLength: 2 }),
    ),
    failure: sometimes(rarely(fc.constantFrom('ignore', 'fast'), fc.constant('x'))),
    when: sometimes(when),
    pull: sometimes(mostly('always', 'never')),
    privileged: sometimes(fc.boolean()),
    resources: sometimes(resources),
    user: sometimes(rarely(fc.constantFrom(0, 1000), fc.constant(-1))),
    security_context: rarely(fc.constant(undefined), stepSecurities),
    volumes: sometimes(
      fc.array(
        fc.record({
          name: mostly('v', 'w'),
          path: mostly('/a', '/b', '/c/d'),
          sub_path: sometimes(oddTexts),
        }),
        { maxLength: 2 },
      ),
    ),
    working_dir: sometimes(oddTexts),
    timeout: rarely(fc.constant(undefined), span),
    retry: rarely(fc.constant(undefined), retry),
    ready: rarely(fc.constant(undefined), ready),
  },
  { requiredKeys: ['name', 'image'] },
);

const steps = (maxLength: number) => fc.uniqueArray(step, { maxLength, selector: ({ name }) => name });

const volume = fc.constantFrom<Record<string, unknown>>(
  { temp: {} },
  { temp: { medium: 'Memory', size_limit: '1MiB' } },
  { cache: {} },
  { host: { path: '/x' } },
  { claim: { name: 'c' } },
  { config_map: { name: 'm', default_mode: 256 } },
  { secret: { name: 's' } },
  {},
);

/** Pipelines as an author may write them: most are valid. */
export const pipelines = fc.record(
  {
    kind: fc.constant('pipeline'),
    type: fc.constant('kubernetes'),
    name: anyName,
    platform: sometimes(
      fc.record({ os: rarely(fc.constant('linux'), fc.constant('windows')), arch: mostly('amd64', 'arm64') }),
    ),
    clone: sometimes(fc.record({ disable: fc.boolean(), depth: fc.nat(9) })),
    environment: sometimes(fc.dictionary(oddTexts, oddTexts, { maxKeys: 3 })),
    resources: sometimes(fc.record({ requests: amounts })),
    services: sometimes(steps(2)),
    steps: rarely(steps(4), fc.array(step, { maxLength: 4 })),
    volumes: fc.tuple(volume, volume).map(([v, w]) => [
      { name: 'v', ...v },
      { name: 'w', ...w },
    ]),
    workspace: sometimes(fc.record({ path: mostly('/drone/src', '/a', '/etc', 'relative') })),
    metadata: sometimes(
      fc.record({
        namespace: mostly('', 'builds'),
        labels: pairs(mostly('team'), mostly('x')),
        annotations: pairs(mostly('note'), oddTexts),
      }),
    ),
    node_name: sometimes(mostly('node-1')),
    node_selector: sometimes(pairs(mostly('pool'), mostly('x'))),
    security_context: rarely(fc.constant(undefined), podSecurities),
    affinity: rarely(fc.constant(undefined), affinities),
    topology_spread_constraints: rarely(fc.constant(undefined), spreads),
    service_account_name: sometimes(mostly('builder')),
    host_aliases: sometimes(
      fc.array(fc.record({ ip: mostly('10.0.0.1'), hostnames: fc.array(mostly('h'), { maxLength: 2 }) }), {
        maxLength: 2,
      }),
    ),
    tolerations: sometimes(
      fc.array(
        fc.record({ key: mostly('k'), operator: mostly('Exists', 'Equal'), effect: mostly('NoSchedule') }),
        { maxLength: 2 },
      ),
    ),
  },
  { requiredKeys: ['kind', 'type', 'steps'] },
);

/** Settings of a runner that the compiler has to do with. */
export const compileSettings: fc.Arbitrary<CompileSettings> = fc
  .record({
    gateVolume: fc.constantFrom('image' as const, 'init' as const),
    hardening: fc.constantFrom('off' as const, 'restricted' as const),
    resources: fc.constantFrom(...RESOURCE_MODES),
    netrcCloneOnly: fc.boolean(),
    caches: fc.constantFrom(
      undefined,
      aCacheStorage({ kind: 'claim', claimName: 'caches' }),
      aCacheStorage({ kind: 'host', path: '/var/lib/cache' }),
    ),
    limits: fc.record({ cpuMillicores: fc.constantFrom(0, 50), memoryBytes: fc.constantFrom(0, 9_999_999) }),
    policies: fc.constantFrom([], [aPolicy({ labels: { 'io.drone': 'x' }, serviceAccount: 'sa' })]),
  })
  .map(someSettings);
