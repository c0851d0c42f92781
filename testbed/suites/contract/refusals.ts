import { RESOURCE, type Resource } from '@hangar/shared/kubernetes/cluster';
import { heldPod, shell } from './pods.ts';
import type { ApiRefusal, Draft } from './test-namespace.ts';

/** Something that the API server must refuse to create, and how. A message that ends in `…` is a beginning. */
export interface RefusedDraft extends ApiRefusal {
  readonly what: string;
  readonly resource: Resource;
  readonly draft: Draft;
}

const SUBDOMAIN =
  "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')";
const LABEL =
  "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an alphanumeric character (e.g. 'my-name',  or '123-abc', regex used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?')";
const NAME_PART =
  "name part must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character (e.g. 'MyName',  or 'my.name',  or '123-abc', regex used for validation is '([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]')";

const container = shell('true');
const volumes = [{ name: 'v', emptyDir: {} }];

function pod(spec: object, metadata: object = {}): Draft {
  const held = heldPod('x');
  return { metadata: { ...held.metadata, ...metadata }, spec: { ...held.spec, ...spec } };
}

const withContainer = (more: object): Draft => pod({ containers: [{ ...container, ...more }] });

/** Pods that are refused with 422, by what is wrong; the message follows `Pod "x" is invalid: `. */
const INVALID_PODS: Readonly<Record<string, readonly [Draft, string]>> = {
  'no container': [pod({ containers: [] }), 'spec.containers: Required value'],
  'a container name with an underscore': [
    withContainer({ name: 'a_b' }),
    `spec.containers[0].name: Invalid value: "a_b": ${LABEL}`,
  ],
  'two containers of one name': [
    pod({ containers: [container, container] }),
    'spec.containers[1].name: Duplicate value: "main"',
  ],
  'an init container with the name of another': [
    pod({ initContainers: [container] }),
    'spec.initContainers[0].name: Duplicate value: "main"',
  ],
  'a container without an image': [
    pod({ containers: [{ name: 'main' }] }),
    'spec.containers[0].image: Required value',
  ],
  'an image with a space before it': [
    withContainer({ image: ' busybox' }),
    'spec.containers[0].image: Invalid value: " busybox": must not have leading or trailing whitespace',
  ],
  'several faults at once': [
    pod({ containers: [{ name: 'C', image: '' }] }),
    `[spec.containers[0].name: Invalid value: "C": ${LABEL}, spec.containers[0].image: Required value]`,
  ],
  'a variable without a name': [
    withContainer({ env: [{ name: '', value: 'x' }] }),
    'spec.containers[0].env[0].name: Required value',
  ],
  'a variable whose name has an equals sign': [
    withContainer({ env: [{ name: 'a=b', value: 'x' }] }),
    'spec.containers[0].env[0].name: Invalid value: "a=b": a valid environment variable name must consist only of printable ASCII characters other than \'=\'',
  ],
  'a variable of a field that there is not': [
    withContainer({ env: [{ name: 'a', valueFrom: { fieldRef: { fieldPath: 'metadata.nonsense' } } }] }),
    'spec.containers[0].env[0].valueFrom.fieldRef.fieldPath: Invalid value: "metadata.nonsense": error converting fieldPath: field label not supported: metadata.nonsense',
  ],
  'a mount of a volume that is not there': [
    withContainer({ volumeMounts: [{ name: 'none', mountPath: '/x' }] }),
    'spec.containers[0].volumeMounts[0].name: Not found: "none"',
  ],
  'two mounts at one path': [
    pod({
      volumes,
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
    'spec.containers[0].volumeMounts[1].mountPath: Invalid value: "/x": must be unique',
  ],
  'a subPath that leaves its volume': [
    pod({
      volumes,
      containers: [{ ...container, volumeMounts: [{ name: 'v', mountPath: '/x', subPath: '../y' }] }],
    }),
    `spec.containers[0].volumeMounts.subPath: Invalid value: "../y": must not contain '..'`,
  ],
  'a volume of two kinds': [
    pod({ volumes: [{ name: 'v', emptyDir: {}, hostPath: { path: '/x' } }] }),
    'spec.volumes[0].hostPath: Forbidden: may not specify more than 1 volume type',
  ],
  'a volume of a Secret without a name': [
    pod({ volumes: [{ name: 'v', secret: { secretName: '' } }] }),
    'spec.volumes[0].secret.secretName: Required value',
  ],
  'a downward file outside its volume': [
    pod({
      volumes: [
        {
          name: 'v',
          downwardAPI: { items: [{ path: '../x', fieldRef: { fieldPath: 'metadata.name' } }] },
        },
      ],
    }),
    `spec.volumes[0].downwardAPI.path: Invalid value: "../x": must not contain '..'`,
  ],
  'a downward file of a field that only variables have': [
    pod({
      volumes: [
        { name: 'v', downwardAPI: { items: [{ path: 'x', fieldRef: { fieldPath: 'spec.nodeName' } }] } },
      ],
    }),
    'spec.volumes[0].downwardAPI.fieldRef.fieldPath: Unsupported value: "spec.nodeName": supported values: "metadata.annotations", "metadata.labels", "metadata.name", "metadata.namespace", "metadata.uid"',
  ],
  'an unknown restart policy': [
    pod({ restartPolicy: 'Sometimes' }),
    'spec.restartPolicy: Unsupported value: "Sometimes": supported values: "Always", "OnFailure", "Never"',
  ],
  'an unknown pull policy': [
    withContainer({ imagePullPolicy: 'Maybe' }),
    'spec.containers[0].imagePullPolicy: Unsupported value: "Maybe": supported values: "Always", "IfNotPresent", "Never"',
  ],
  'an unknown operator of a toleration': [
    pod({ tolerations: [{ key: 'a', operator: 'Maybe' }] }),
    'spec.tolerations[0].operator: Unsupported value: "Maybe": supported values: "Equal", "Exists"',
  ],
  'a deadline of zero': [
    pod({ activeDeadlineSeconds: 0 }),
    'spec.activeDeadlineSeconds: Invalid value: 0: must be between 1 and 2147483647, inclusive',
  ],
  'a request above its limit': [
    withContainer({ resources: { requests: { cpu: '2' }, limits: { cpu: '1' } } }),
    'spec.containers[0].resources.requests: Invalid value: "2": must be less than or equal to cpu limit of 1',
  ],
  'a negative request': [
    withContainer({ resources: { requests: { memory: '-1Gi' } } }),
    'spec.containers[0].resources.requests[memory]: Invalid value: "-1Gi": must be greater than or equal to 0',
  ],
  'a request of something unknown': [
    withContainer({ resources: { requests: { bananas: '1' } } }),
    '[spec.containers[0].resources.requests[bananas]: Invalid value: "bananas": must be a standard resource type or fully qualified, spec.containers[0].resources.requests[bananas]: Invalid value: "bananas": must be a standard resource for containers]',
  ],
  'a label value with a space': [
    pod({}, { labels: { a: 'b c' } }),
    'metadata.labels: Invalid value: "b c": a valid label must be an empty string or consist of alphanumeric characters, …',
  ],
  'an annotation key with a space': [
    pod({}, { annotations: { 'a b': 'c' } }),
    `metadata.annotations: Invalid value: "a b": ${NAME_PART}`,
  ],
  'a node selector key with a space': [
    pod({ nodeSelector: { 'a b': 'c' } }),
    `spec.nodeSelector: Invalid value: "a b": ${NAME_PART}`,
  ],
  'an owner without a uid': [
    pod({}, { ownerReferences: [{ apiVersion: 'v1', kind: 'Pod', name: 'x', uid: '' }] }),
    'metadata.ownerReferences.uid: Invalid value: "": must not be empty',
  ],
  'a finalizer that is no name': [
    pod({}, { finalizers: ['x y'] }),
    `[metadata.finalizers: Invalid value: "x y": ${NAME_PART}, metadata.finalizers[0]: Invalid value: "x y": name is neither a standard finalizer name nor is it fully qualified]`,
  ],
  'a host alias without an address': [
    pod({ hostAliases: [{ ip: 'nope', hostnames: ['x'] }] }),
    'spec.hostAliases[0].ip: Invalid value: "nope": must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)',
  ],
  'a host alias with an odd name': [
    pod({ hostAliases: [{ ip: '127.0.0.1', hostnames: ['X_y'] }] }),
    `spec.hostAliases[0].hostnames[0]: Invalid value: "X_y": ${SUBDOMAIN}`,
  ],
  'an odd host name': [pod({ hostname: 'A_b' }), `spec.hostname: Invalid value: "A_b": ${LABEL}`],
};

const refusedPod = (what: string, draft: Draft, refusal: ApiRefusal): RefusedDraft => ({
  what: `a Pod with ${what}`,
  resource: RESOURCE.pods,
  draft,
  ...refusal,
});

/** Pods that can't be read, by what is wrong; the message follows `cannot be handled as a Pod: `. */
const UNREADABLE_PODS: Readonly<Record<string, readonly [Draft, string]>> = {
  'text for its containers': [
    pod({ containers: 'x' }),
    'json: cannot unmarshal string into Go struct field PodSpec.spec.containers of type []v1.Container',
  ],
  'text for a command': [
    withContainer({ command: 'ls' }),
    'json: cannot unmarshal string into Go struct field Container.spec.containers.command of type []string',
  ],
  'a number for a variable': [
    withContainer({ env: [{ name: 'a', value: 1 }] }),
    'json: cannot unmarshal number into Go struct field EnvVar.spec.containers.env.value of type string',
  ],
  'a number for a label': [
    pod({}, { labels: { a: 1 } }),
    'json: cannot unmarshal number into Go struct field ObjectMeta.metadata.labels of type string',
  ],
  'a number for its name': [
    pod({}, { name: 5 }),
    'json: cannot unmarshal number into Go struct field ObjectMeta.metadata.name of type string',
  ],
  'text for its deadline': [
    pod({ activeDeadlineSeconds: 'x' }),
    'json: cannot unmarshal string into Go struct field PodSpec.spec.activeDeadlineSeconds of type int64',
  ],
  'a quantity that is none': [
    withContainer({ resources: { requests: { cpu: '1 core' } } }),
    "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'",
  ],
};

const OTHER_PODS: readonly RefusedDraft[] = [
  refusedPod('a name in capitals', pod({}, { name: 'Upper' }), {
    status: 422,
    reason: 'Invalid',
    message: `Pod "Upper" is invalid: metadata.name: Invalid value: "Upper": ${SUBDOMAIN}`,
  }),
  refusedPod('no name', pod({}, { name: '' }), {
    status: 422,
    reason: 'Invalid',
    message: 'Pod "" is invalid: metadata.name: Required value: name or generateName is required',
  }),
  refusedPod('a resource version', pod({}, { resourceVersion: '5' }), {
    status: 500,
    reason: '',
    message: 'resourceVersion should not be set on objects to be created',
  }),
  refusedPod('another namespace', pod({}, { namespace: 'other' }), {
    status: 400,
    reason: 'BadRequest',
    message: 'the namespace of the provided object does not match the namespace sent on the request',
  }),
  refusedPod('an unknown service account', pod({ serviceAccountName: 'nobody' }), {
    status: 403,
    reason: 'Forbidden',
    message:
      'pods "x" is forbidden: error looking up service account NAMESPACE/nobody: serviceaccount "nobody" not found',
  }),
  refusedPod('an unknown priority class', pod({ priorityClassName: 'nope' }), {
    status: 403,
    reason: 'Forbidden',
    message: 'pods "x" is forbidden: no PriorityClass with name nope was found',
  }),
];

const secret = (
  what: string,
  more: object,
  status: number,
  [reason, message]: [string, string],
): RefusedDraft => ({
  what: `a Secret with ${what}`,
  resource: RESOURCE.secrets,
  draft: { metadata: { name: 's' }, ...more },
  status,
  reason,
  message,
});

const SECRETS: readonly RefusedDraft[] = [
  secret('a space in a key', { stringData: { 'a b': 'x' } }, 422, [
    'Invalid',
    `Secret "s" is invalid: data[a b]: Invalid value: "a b": a valid config key must consist of alphanumeric characters, '-', '_' or '.' (e.g. …`,
  ]),
  secret('a key of two dots', { stringData: { '..': 'x' } }, 422, [
    'Invalid',
    `Secret "s" is invalid: data[..]: Invalid value: "..": must not be '..'`,
  ]),
  secret('data that are not base64', { data: { a: 'no!' } }, 400, [
    'BadRequest',
    'Secret in version "v1" cannot be handled as a Secret: illegal base64 data at input byte 2',
  ]),
  secret('no credentials though it is for images', { type: 'kubernetes.io/dockerconfigjson' }, 422, [
    'Invalid',
    'Secret "s" is invalid: data[.dockerconfigjson]: Required value',
  ]),
  secret('a byte more than 1 MiB', { stringData: { a: 'x'.repeat(1_048_577) } }, 422, [
    'Invalid',
    'Secret "s" is invalid: data: Too long: may not be more than 1048576 bytes',
  ]),
  secret('more than 3 MiB', { stringData: { a: 'x'.repeat(4_000_000) } }, 413, [
    'RequestEntityTooLarge',
    'Request entity too large: limit is 3145728',
  ]),
];

/** All drafts that must be refused. */
export const REFUSED: readonly RefusedDraft[] = [
  ...Object.entries(INVALID_PODS).map(([what, [draft, why]]) =>
    refusedPod(what, draft, { status: 422, reason: 'Invalid', message: `Pod "x" is invalid: ${why}` }),
  ),
  ...Object.entries(UNREADABLE_PODS).map(([what, [draft, why]]) => {
    const message = `Pod in version "v1" cannot be handled as a Pod: ${why}`;
    return refusedPod(what, draft, { status: 400, reason: 'BadRequest', message });
  }),
  ...OTHER_PODS,
  ...SECRETS,
];
