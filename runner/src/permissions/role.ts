import { RIGHTS, type Right, ruleLine, rulesOf } from './permissions.ts';

const NAMESPACE = 'hangar';
const NAME = 'hangar-runner';

/** `docs/role.yaml`: service account, Role and binding for a runner whose Pods and Lease are in its own namespace. Pure. */
export function renderRole(): string {
  const linesOf = (...places: readonly Right['where'][]): readonly string[] =>
    rulesOf(RIGHTS.filter(({ where }) => places.includes(where))).map((rule) => `  - ${ruleLine(rule)}`);
  const comment = (lines: readonly string[]): string => lines.map((line) => `# ${line}`).join('\n');
  return `# Generated from runner/src/permissions/permissions.ts; do not edit.
# The rights of a runner whose Pods and Lease are in namespace ${NAMESPACE}. For Pods in another namespace, repeat Role and RoleBinding there.
# The rule for events is optional: without it, logs do not show which images are being pulled, and HANGAR_GATE_VOLUME=auto means init.
# Pipelines that each get a new namespace (DRONE_NAMESPACE_DEFAULT=drone-) need these rules, and this too, as a ClusterRole:
${comment(linesOf('cluster'))}
# HANGAR_BUDGET_NODES=true needs this rule, as a ClusterRole:
${comment(linesOf('nodes'))}
apiVersion: v1
kind: ServiceAccount
metadata:
  name: ${NAME}
  namespace: ${NAMESPACE}
# The token is mounted only into Pods that request it: the runner's own Pod sets automountServiceAccountToken: true.
automountServiceAccountToken: false
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata:
  name: ${NAME}
  namespace: ${NAMESPACE}
rules:
${linesOf('pods', 'lease').join('\n')}
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
