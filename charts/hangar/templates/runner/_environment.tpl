{{/* What the chart sets by itself; everything that a person sets wins over it. */}}
{{- define "hangar.runner.defaults" -}}
DRONE_NAMESPACE_DEFAULT: {{ include "hangar.jobs.namespace" . | quote }}
HANGAR_UNTRUSTED_NAMESPACES: {{ printf "fork:none,ordinary:%s" (join " " .Values.jobs.otherNamespaces | default "none") | quote }}
{{- /* Set there, if only to nothing, the chart's own image of the gate is not needed: the runner derives one. */}}
{{- if not (hasKey (include "hangar.settings" (list . "runner") | fromJson) "HANGAR_GATE_IMAGE") }}
HANGAR_GATE_IMAGE: {{ include "hangar.image" (list . .Values.runner.gateImage) | quote }}
{{- end }}
{{- /* In a generated namespace is no account of the chart; one that is only named is made by another program. */}}
{{- $account := .Values.jobs.serviceAccount }}
{{- if ternary (ne (include "hangar.jobs.namespace" .) "drone-") (ne $account.name "") $account.create }}
DRONE_SERVICE_ACCOUNT_DEFAULT: {{ include "hangar.jobs.account" . | quote }}
{{- end }}
{{- end }}

{{/* Whether stages wait for room on nodes. */}}
{{- define "hangar.runner.waitsForNodes" -}}
{{- if has (toString (include "hangar.settings" (list . "runner") | fromJson).HANGAR_BUDGET_NODES) (list "true" "1") }}yes{{ end -}}
{{- end }}

{{/* The token of /demand and /stages from its Secret, as a variable. Called with (list $ "NAME"). */}}
{{- define "hangar.httpToken" -}}
{{- $token := (index . 0).Values.runner.httpToken -}}
{{- with $token.existingSecret -}}
- name: {{ index $ 1 }}
  valueFrom:
    secretKeyRef:
      name: {{ . }}
      key: {{ $token.key }}
{{- end -}}
{{- end }}

{{/* envFrom and env of a container that runs hangar-runner. */}}
{{- define "hangar.runner.environment" -}}
envFrom:
  - configMapRef:
      name: {{ include "hangar.runner.name" . }}-defaults
  {{- with .Values.runner.envFrom }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
env:
  {{- include "hangar.once" (include "hangar.runner.variables" .) | nindent 2 }}
{{- end }}

{{/* All variables of it, the overriding ones last. */}}
{{- define "hangar.runner.variables" -}}
# Its name, also where it shares the host's, and by which it knows its own former life.
- name: POD_NAME
  valueFrom: { fieldRef: { fieldPath: metadata.name } }
- name: POD_UID
  valueFrom: { fieldRef: { fieldPath: metadata.uid } }
{{- with .Values.runner.rpcSecret.existingSecret }}
- name: DRONE_RPC_SECRET
  valueFrom:
    secretKeyRef:
      name: {{ . }}
      key: {{ $.Values.runner.rpcSecret.key }}
{{- end }}
{{- include "hangar.indented" (list 0 (include "hangar.httpToken" (list . "HANGAR_HTTP_TOKEN"))) }}
{{- include "hangar.indented" (list 0 (include "hangar.authorities.env" .)) }}
{{- range $name, $value := dict "http_proxy" .Values.runner.proxy.http "https_proxy" .Values.runner.proxy.https "no_proxy" (join "," .Values.runner.proxy.exceptions) }}
{{- with $value }}
- name: {{ $name }}
  value: {{ . | quote }}
{{- end }}
{{- end }}
{{- include "hangar.indented" (list 0 (include "hangar.env" (list . "runner"))) }}
{{- end }}
