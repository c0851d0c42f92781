{{/* In: to the HTTP port only. Out: to everything, unless rules are given. Called with (list $ "component"). */}}
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
      {{- with $policy.from }}
      from:
        {{- toYaml . | nindent 8 }}
      {{- end }}
  {{- with $policy.egress }}
  egress:
    {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end }}
