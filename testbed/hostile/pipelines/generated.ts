import { EXPRESSION_PIECES, yamlValues } from '@hangar/runner/parse-testing';
import fc from 'fast-check';
import { stringify } from 'yaml';
import type { PipelineInput } from './adversaries.ts';

const FILE = `kind: pipeline
type: kubernetes
name: default
x-base: &base
  image: golang:1.25
  environment: {CGO_ENABLED: 0, TOKEN: {from_secret: token}}
platform: {os: linux, arch: amd64}
clone: {depth: 50}
services:
- {name: redis, image: redis:8}
steps:
- name: test
  <<: *base
  commands:
  - go test ./...
  - echo "\${DRONE_COMMIT:0:8} $\${HOME} \${v##*/} \${v//a/b} \${e:-\${w}}"
  volumes: [{name: cache, path: /cache}]
- name: publish
  image: plugins/docker
  settings: {repo: octocat/hello, tags: [latest, "1.0"], auth: {a: [1, 2]}}
  when: {event: {include: [push], exclude: [pull_request]}, ref: [refs/heads/**, "v{1,2}.*"], status: [success, failure]}
  depends_on: [test]
  resources: {limits: {cpu: 500, memory: 512MiB}}
  user: 1000
volumes:
- name: cache
  temp: {size_limit: 100MB}
metadata: {labels: {team: a}, annotations: {b: c}}
tolerations:
- {key: ci, operator: Exists, effect: NoExecute, toleration_seconds: 5}
dns_config: {options: [{name: ndots, value: 2}]}
host_aliases: [{ip: 10.0.0.1, hostnames: [a.example.com]}]
---
kind: secret
name: token
get: {path: ci/token, name: value}
`;

const KEYS = [...new Set(FILE.match(/\b[a-z_]+(?=:)/g) ?? [])];
/** Pieces that mean something to one of the readers. */
const PIECES = [
  ...[
    '\n',
    ' ',
    '  ',
    '- ',
    ': ',
    '? ',
    ',',
    '{',
    '}',
    '[',
    ']',
    '---\n',
    '...\n',
    '#',
    '\t',
    '\r\n',
    '"',
    "'",
    '|',
    '>',
    '|-\n',
  ],
  ...[
    '&base ',
    '*base',
    '<<: ',
    '!!int ',
    '!!binary ',
    '!',
    '%',
    '~',
    'yes',
    '0x1f',
    '010',
    '1.5GiB',
    '.inf',
    '2001-01-01',
  ],
  ...['${', '$$', '${v', '}', ':-', '##', '%%', '//', '^^', ':0:', '/', '\\', '*', '**', '?', '[a-', '{a,'],
  ...['/run/drone', '..', '__proto__', 'constructor', '\u0000', '\u2028', 'ä', '😀', 'x'.repeat(300)],
];
const piece = fc.oneof(fc.constantFrom(...PIECES), fc.string({ maxLength: 3, unit: 'binary' }));

const soup = fc.array(piece, { maxLength: 60 }).map((pieces) => pieces.join(''));

/** The file with parts removed, repeated and replaced. */
const edited = fc
  .array(fc.tuple(fc.nat(FILE.length), fc.nat(24), piece), { minLength: 1, maxLength: 6 })
  .map((edits) =>
    edits.reduce((text, [at, gone, put]) => text.slice(0, at) + put + text.slice(at + gone), FILE),
  );

const tree = yamlValues(fc.constantFrom(...KEYS), PIECES);

/** A pipeline with values of any kind under the keys that are known. */
const typed = fc
  .dictionary(fc.constantFrom(...KEYS), tree, { maxKeys: 8 })
  .map((fields) => stringify({ ...fields, kind: 'pipeline', type: 'kubernetes' }));

const glob = fc
  .array(fc.constantFrom('*', '**', '/', '?', 'a', 'b', '[a-c]', '[^', '{', ',', '}', '\\', 'refs/heads'), {
    maxLength: 20,
  })
  .map((parts) => parts.join(''));
const conditional = fc.array(glob, { maxLength: 8 }).map((globs) =>
  stringify({
    kind: 'pipeline',
    type: 'kubernetes',
    steps: [{ name: 'a', image: 'b', when: { ref: globs, branch: { exclude: globs } } }],
  }),
);

const expression = fc
  .array(fc.constantFrom(...EXPRESSION_PIECES, 'v', 'w', 'e', '\n'), { maxLength: 40 })
  .map((parts) => `${FILE}# ${parts.join('')}`);

const yaml = fc.oneof(
  { weight: 4, arbitrary: edited },
  { weight: 2, arbitrary: typed },
  { weight: 1, arbitrary: soup },
  { weight: 1, arbitrary: conditional },
  { weight: 2, arbitrary: expression },
);

/** Pipeline files that are nearly valid. */
export const generatedPipelines: fc.Arbitrary<PipelineInput> = fc.record({
  yaml,
  variables: fc.record({ v: fc.string(), w: soup, e: fc.constant('') }),
});
