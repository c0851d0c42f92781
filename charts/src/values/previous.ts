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

/** Values under the names that other charts, or earlier versions of this one, have for them. */
export const RENAMED_VALUES: Readonly<Record<string, string>> = {
  'runner.replicaCount': 'runner.replicas',
  'autoscaler.replicaCount': 'autoscaler.replicas',
  'autoscaler.rbac.look': 'autoscaler.rbac.readOnly',
};

/** The same under `image`. */
export const PREVIOUS_IMAGE_VALUES: readonly string[] = ['repository', 'tag'];
