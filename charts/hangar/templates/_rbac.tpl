{{/* A Role and its binding to a component's account. Called with a dict: root, component, name, namespace (empty: the whole cluster), rules. */}}
{{- define "hangar.role" -}}
{{- $root := .root -}}
{{- $kind := ternary "Role" "ClusterRole" (ne .namespace "") -}}
apiVersion: rbac.authorization.k8s.io/v1
kind: {{ $kind }}
metadata:
  name: {{ .name }}
  {{- with .namespace }}
  namespace: {{ . }}
  {{- end }}
  labels:
    {{- include "hangar.labels" (list $root .component) | nindent 4 }}
rules:
  {{- .rules | trim | nindent 2 }}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: {{ $kind }}Binding
metadata:
  name: {{ .name }}
  {{- with .namespace }}
  namespace: {{ . }}
  {{- end }}
  labels:
    {{- include "hangar.labels" (list $root .component) | nindent 4 }}
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: {{ $kind }}
  name: {{ .name }}
subjects:
  - kind: ServiceAccount
    name: {{ include (printf "hangar.%s.account" .component) $root }}
    namespace: {{ $root.Release.Namespace }}
{{- end }}

{{/* Called with (list $ "component"). */}}
{{- define "hangar.account" -}}
{{- $root := index . 0 -}}
{{- $account := (index $root.Values (index . 1)).serviceAccount -}}
apiVersion: v1
kind: ServiceAccount
metadata:
  name: {{ include (printf "hangar.%s.account" (index . 1)) $root }}
  namespace: {{ $root.Release.Namespace }}
  labels:
    {{- include "hangar.labels" (list (index . 0) (index . 1) $account.labels) | nindent 4 }}
  {{- include "hangar.indented" (list 2 (include "hangar.annotations" $account.annotations)) }}
automountServiceAccountToken: false
{{- end }}
