import type { JsonRecord } from '@hangar/shared/json';
import { describe, expect, it } from 'vitest';
import { defaultPod } from '../admit/pod.ts';
import type { Pod } from '../api/pod.ts';
import { PODS, SECRETS } from '../api/resources.ts';
import { invalid } from '../api/status-errors.ts';
import { validateSecret } from './data-objects.ts';
import { assertDecodable } from './decode.ts';
import { FieldErrors } from './field-errors.ts';
import { validateMetadata } from './metadata.ts';
import { validatePod } from './pod.ts';

const container = { name: 'c', image: 'alpine' };

function pod(spec: JsonRecord, metadata: JsonRecord = {}): Pod {
  const made: JsonRecord = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'p', ...metadata },
    spec: { containers: [container], ...spec },
  };
  defaultPod(made);
  return made as unknown as Pod;
}

/** The result of a check. */
function errorsOf(check: (errors: FieldErrors) => void): FieldErrors['list'] {
  const errors = new FieldErrors();
  check(errors);
  return errors.list;
}

const textsOf = (subject: Pod): string[] =>
  errorsOf((errors) => {
    validateMetadata(errors, PODS, subject);
    validatePod(errors, subject);
  }).map(({ field, message }) => `${field}: ${message}`);

const table: { sentence: string; subject: Pod; want: string[] }[] = [
  { sentence: 'nothing for a small Pod', subject: pod({}), want: [] },
  {
    sentence: 'a name with capitals',
    subject: pod({}, { name: 'Build' }),
    want: [
      `metadata.name: Invalid value: "Build": a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')`,
    ],
  },
  {
    sentence: 'a label value of 64 characters',
    subject: pod({}, { labels: { l: 'x'.repeat(64) } }),
    want: [`metadata.labels: Invalid value: "${'x'.repeat(64)}": must be no more than 63 characters`],
  },
  {
    sentence: 'nothing for a label value of 63',
    subject: pod({}, { labels: { l: 'x'.repeat(63) } }),
    want: [],
  },
  {
    sentence: 'a label value of a wrong form',
    subject: pod({}, { labels: { l: 'a/b' } }),
    want: [
      `metadata.labels: Invalid value: "a/b": a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyValue',  or 'my_value',  or '12345', regex used for validation is '(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])?')`,
    ],
  },
  {
    sentence: 'a mount of a volume that is not there',
    subject: pod({ containers: [{ ...container, volumeMounts: [{ name: 'none', mountPath: '/x' }] }] }),
    want: ['spec.containers[0].volumeMounts[0].name: Not found: "none"'],
  },
  {
    sentence: 'two mounts at one path',
    subject: pod({
      volumes: [{ name: 'v', emptyDir: {} }],
      containers: [
        {
          ...container,
          volumeMounts: [
            { name: 'v', mountPath: '/x' },
            { name: 'v', mountPath: '/x' },
          ],
        },
      ],
    }),
    want: ['spec.containers[0].volumeMounts[1].mountPath: Invalid value: "/x": must be unique'],
  },
  {
    sentence: 'two containers of one name',
    subject: pod({ containers: [container, container] }),
    want: ['spec.containers[1].name: Duplicate value: "c"'],
  },
  {
    sentence: 'no container at all',
    subject: pod({ containers: [] }),
    want: ['spec.containers: Required value'],
  },
  {
    sentence: 'a container without an image',
    subject: pod({ containers: [{ name: 'c' }] }),
    want: ['spec.containers[0].image: Required value'],
  },
  {
    sentence: 'a request above its limit',
    subject: pod({
      containers: [{ ...container, resources: { requests: { cpu: '2' }, limits: { cpu: '1' } } }],
    }),
    want: [
      'spec.containers[0].resources.requests: Invalid value: "2": must be less than or equal to cpu limit of 1',
    ],
  },
  {
    sentence: 'a subPath that leaves the volume',
    subject: pod({
      volumes: [{ name: 'v', emptyDir: {} }],
      containers: [{ ...container, volumeMounts: [{ name: 'v', mountPath: '/x', subPath: '../y' }] }],
    }),
    want: [`spec.containers[0].volumeMounts.subPath: Invalid value: "../y": must not contain '..'`],
  },
  {
    sentence: 'an unknown restart policy',
    subject: pod({ restartPolicy: 'Sometimes' }),
    want: [
      'spec.restartPolicy: Unsupported value: "Sometimes": supported values: "Always", "OnFailure", "Never"',
    ],
  },
];

describe('validation of Pods', () => {
  it.each(table)('reports $sentence', ({ subject, want }) => {
    expect(textsOf(subject)).toEqual(want);
  });

  it('puts several faults into one 422, each with its cause', () => {
    const subject = pod({ containers: [{ name: 'C', image: '' }] });

    const { status } = invalid(
      PODS,
      'p',
      errorsOf((errors) => validatePod(errors, subject)),
    );

    expect(status.code).toBe(422);
    expect(status.message).toMatch(
      /^Pod "p" is invalid: \[spec\.containers\[0\]\.name: Invalid value: "C": .*, spec\.containers\[0\]\.image: Required value\]$/,
    );
    expect(status.details?.causes?.map(({ reason, field }) => [reason, field])).toEqual([
      ['FieldValueInvalid', 'spec.containers[0].name'],
      ['FieldValueRequired', 'spec.containers[0].image'],
    ]);
  });
});

describe('decoding', () => {
  it.each([
    [
      'a label that is a number',
      PODS,
      { metadata: { labels: { n: 1 } } },
      'json: cannot unmarshal number into Go struct field ObjectMeta.metadata.labels of type string',
    ],
    [
      'a variable that is a boolean',
      PODS,
      { spec: { containers: [{ env: [{ name: 'A', value: true }] }] } },
      'json: cannot unmarshal bool into Go struct field EnvVar.spec.containers.env.value of type string',
    ],
    [
      'a command that is text',
      PODS,
      { spec: { containers: [{ command: 'ls' }] } },
      'json: cannot unmarshal string into Go struct field Container.spec.containers.command of type []string',
    ],
    ['data that is not base64', SECRETS, { data: { a: 'no!' } }, 'illegal base64 data at input byte 2'],
  ])('refuses %s', (_, resource, body, want) => {
    expect(() => assertDecodable(resource, body)).toThrow(want);
  });

  it('takes base64 of any length', () => {
    expect(() =>
      assertDecodable(SECRETS, { data: { a: 'YQ==', long: Buffer.alloc(20_000).toString('base64') } }),
    ).not.toThrow();
  });
});

describe('validation of Secrets', () => {
  it('refuses keys with odd characters and docker configurations that are no JSON', () => {
    const secret = {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 's', uid: '', resourceVersion: '', creationTimestamp: '' },
    };

    const secretErrors = (data: JsonRecord) =>
      errorsOf((errors) =>
        validateSecret(errors, { ...secret, type: 'kubernetes.io/dockerconfigjson', data }),
      );

    const texts = secretErrors({ 'a b': '', '.dockerconfigjson': 'e30=' });

    expect(texts.map(({ field }) => field)).toEqual(['data[a b]']);
    expect(secretErrors({})[0]?.message).toBe('Required value');
  });
});
