{{/* What the chart sets by itself; everything that a person sets wins over it. */}}
{{- define "hangar.autoscaler.defaults" -}}
{{- $config := .Values.autoscaler.config -}}
HANGAR_AUTOSCALER_DATA_DIR: /data
{{- $sees := .Values.autoscaler.rbac.look }}
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
HANGAR_AUTOSCALER_RUNNERS: {{ printf "http://%s.%s:%s" (include "hangar.runner.name" .) .Release.Namespace (include "hangar.runner.port" .) | quote }}
{{- end }}
{{- end }}
{{- end }}
