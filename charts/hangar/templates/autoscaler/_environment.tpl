{{/* HANGAR_AUTOSCALER_ACTUATORS: as given, else one for each Deployment of placeholders. */}}
{{- define "hangar.autoscaler.actuators" -}}
{{- $given := .Values.autoscaler.config.HANGAR_AUTOSCALER_ACTUATORS -}}
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
{{- $config := .Values.autoscaler.config -}}
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
