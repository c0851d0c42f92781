{{/* What the chart sets by itself; everything that a person sets wins over it. */}}
{{- define "hangar.autoscaler.defaults" -}}
{{- $config := .Values.autoscaler.config -}}
HANGAR_AUTOSCALER_DATA_DIR: /data
{{- $sees := .Values.autoscaler.rbac.look }}
{{- if not $sees }}
HANGAR_AUTOSCALER_KUBERNETES: "off"
{{- end }}
{{- if and .Values.runner.enabled (not $config.HANGAR_AUTOSCALER_RUNNERS) }}
{{- $port := include "hangar.runner.port" . }}
{{- if and $sees .Values.autoscaler.rbac.runnerService }}
HANGAR_AUTOSCALER_RUNNER_SERVICE: {{ printf "%s/%s:%s" .Release.Namespace (include "hangar.runner.name" .) $port | quote }}
{{- else }}
HANGAR_AUTOSCALER_RUNNERS: {{ printf "http://%s.%s:%s" (include "hangar.runner.name" .) .Release.Namespace $port | quote }}
{{- end }}
{{- end }}
{{- end }}
