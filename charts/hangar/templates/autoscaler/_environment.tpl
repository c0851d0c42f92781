{{/* HANGAR_AUTOSCALER_ACTUATORS: as given, else one for each Deployment of placeholders. */}}
{{- define "hangar.autoscaler.actuators" -}}
{{- $given := (include "hangar.settings" (list . "autoscaler") | fromJson).HANGAR_AUTOSCALER_ACTUATORS -}}
{{- if $given -}}
{{- include "hangar.text" (list $given false) -}}
{{- else -}}
{{- $each := list -}}
{{- range .Values.autoscaler.placeholders }}{{ $each = append $each (printf "%s=placeholder:%s/%s" .pool $.Release.Namespace .name) }}{{ end -}}
{{- join "," $each -}}
{{- end -}}
{{- end }}

{{/* What the chart sets by itself; everything that a person sets wins over it. */}}
{{- define "hangar.autoscaler.defaults" -}}
{{- $config := include "hangar.settings" (list . "autoscaler") | fromJson -}}
HANGAR_AUTOSCALER_DATA_DIR: /data
{{- if and .Values.autoscaler.placeholders (not $config.HANGAR_AUTOSCALER_ACTUATORS) }}
HANGAR_AUTOSCALER_ACTUATORS: {{ include "hangar.autoscaler.actuators" . | quote }}
{{- end }}
{{- $sees := .Values.autoscaler.rbac.readOnly }}
{{- if not $sees }}
HANGAR_AUTOSCALER_KUBERNETES: "off"
{{- end }}
{{- if .Values.runner.enabled }}
{{- $namespaces := (include "hangar.jobs.namespaces" . | fromJson).names }}
{{- if eq (include "hangar.jobs.namespace" .) "drone-" }}{{ $namespaces = append $namespaces "drone-*" }}{{ end }}
HANGAR_AUTOSCALER_POD_NAMESPACES: {{ join "," $namespaces | quote }}
{{- end }}
{{- if and .Values.runner.enabled (not $config.HANGAR_AUTOSCALER_RUNNERS) }}
{{- if and $sees .Values.autoscaler.rbac.runnerService }}
HANGAR_AUTOSCALER_RUNNER_SERVICE: {{ printf "%s/%s:http" .Release.Namespace (include "hangar.runner.name" .) | quote }}
{{- else }}
HANGAR_AUTOSCALER_RUNNERS: {{ printf "http://%s.%s:%s" (include "hangar.runner.name" .) .Release.Namespace (include "hangar.runner.callPort" .) | quote }}
{{- end }}
{{- end }}
{{- end }}

{{/* Whether it writes anything: `yes`, `perhaps` if that is in a source that the chart cannot read, or nothing. */}}
{{- define "hangar.autoscaler.acts" -}}
{{- $scaler := .Values.autoscaler -}}
{{- $act := (include "hangar.settings" (list . "autoscaler") | fromJson).HANGAR_AUTOSCALER_ACT -}}
{{- /* YAML reads an unquoted `on` as true. */ -}}
{{- if has (toString $act) (list "true" "on") }}yes
{{- else if and (eq (toString (default "" $act)) "") (include "hangar.isGiven" (list $scaler "HANGAR_AUTOSCALER_ACT")) (not (kindIs "bool" $act)) }}perhaps
{{- end -}}
{{- end }}

{{/* All variables of its container, the overriding ones last. */}}
{{- define "hangar.autoscaler.variables" -}}
# The name by which one of several leads.
- name: POD_NAME
  valueFrom: { fieldRef: { fieldPath: metadata.name } }
- name: POD_NAMESPACE
  valueFrom: { fieldRef: { fieldPath: metadata.namespace } }
{{- include "hangar.indented" (list 0 (include "hangar.httpToken" (list . "HANGAR_AUTOSCALER_RUNNER_TOKEN"))) }}
{{- include "hangar.indented" (list 0 (include "hangar.authorities.env" .)) }}
{{- include "hangar.indented" (list 0 (include "hangar.env" (list . "autoscaler"))) }}
{{- end }}
