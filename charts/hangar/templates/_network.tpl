{{/* Every Pod but those of builds, in any namespace. The runner keeps this label from authors. */}}
{{- define "hangar.notBuilds" -}}
namespaceSelector: {}
podSelector:
  matchExpressions:
    - { key: app.kubernetes.io/managed-by, operator: NotIn, values: [hangar-runner] }
{{- end }}

{{/* In: to the HTTP port only, from Pods that are no builds or from those that are given. Out: to everything, unless rules are given. Called with (list $ "component"). */}}
{{- define "hangar.networkPolicy" -}}
{{- $root := index . 0 -}}
{{- $policy := (index $root.Values (index . 1)).networkPolicy -}}
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: {{ include (printf "hangar.%s.name" (index . 1)) $root }}
  namespace: {{ $root.Release.Namespace }}
  labels:
    {{- include "hangar.labels" . | nindent 4 }}
spec:
  podSelector:
    matchLabels:
      {{- include "hangar.selector" . | nindent 6 }}
  policyTypes: [Ingress{{ if $policy.egress }}, Egress{{ end }}]
  ingress:
    - ports:
        - { port: http, protocol: TCP }
      from:
        {{- with $policy.from }}
        {{- toYaml . | nindent 8 }}
        {{- else }}
        - {{- include "hangar.notBuilds" . | nindent 10 }}
        {{- end }}
  {{- with $policy.egress }}
  egress:
    {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end }}
