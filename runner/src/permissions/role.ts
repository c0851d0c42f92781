import { RIGHTS, ruleLine, rulesOf } from './permissions.ts';

const NAMESPACE = 'hangar';
const NAME = 'hangar-runner';

/** `docs/role.yaml`: service account, Role and binding for a runner whose Pods and Lease are in its own namespace. Pure. */
export function renderRole(): string {
  const rules = rulesOf(RIGHTS.filter((right) => right.where !== 'cluster')).map(
    (rule) => `  - ${ruleLine(rule)}`,
  );
  const random = rulesOf(RIGHTS.filter((right) => right.where === 'cluster')).map(
    (rule) => `#   - ${ruleLine(rule)}`,
  );
  return `# Generated from runner/src/permissions/permissions.ts; do not edit.
# The rights of a runner whose Pods and Lease are in namespace ${NAMESPACE}. For Pods in another namespace, repeat Role and RoleBinding there.
# The rule of events is optional: without it logs tell nothing of images that are being pulled.
# Pipelines with a fresh namespace each (DRONE_NAMESPACE_DEFAULT=drone-) need these rules, and this too, as a ClusterRole:
${random.join('\n')}
apiVersion: v1
kind: ServiceAccount
metadata:
  name: ${NAME}
  namespace: ${NAMESPACE}
# No Pod gets this token unless it says so: the runner's own sets automountServiceAccountToken: true.
automountServiceAccountToken: false
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata:
  name: ${NAME}
  namespace: ${NAMESPACE}
rules:
${rules.join('\n')}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata:
  name: ${NAME}
  namespace: ${NAMESPACE}
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: Role
  name: ${NAME}
subjects:
  - kind: ServiceAccount
    name: ${NAME}
    namespace: ${NAMESPACE}
`;
}
