/** Values that only the previous runner's chart has: the chart names them in an error that tells how to translate them. */
export const PREVIOUS_VALUES: readonly string[] = [
  ...['env', 'replicaCount', 'rbac', 'extraSecretNamesForEnvFrom', 'existingSecretName', 'imagePullSecrets'],
  ...['serviceAccount', 'podAnnotations', 'podSecurityContext', 'securityContext', 'service', 'ingress'],
  ...[
    'autoscaling',
    'resources',
    'nodeSelector',
    'tolerations',
    'affinity',
    'extraVolumes',
    'extraVolumeMounts',
  ],
];

/** The same under `image`. */
export const PREVIOUS_IMAGE_VALUES: readonly string[] = ['repository', 'tag'];
