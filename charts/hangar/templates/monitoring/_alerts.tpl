{{/* Namespace, labels and annotations of what the Prometheus operator reads. Called with (list $ "component"). */}}
{{- define "hangar.monitoring.metadata" -}}
{{- $monitoring := (index . 0).Values.monitoring -}}
namespace: {{ $monitoring.namespace | default (index . 0).Release.Namespace }}
labels:
  {{- include "hangar.labels" (list (index . 0) (index . 1) $monitoring.labels) | nindent 2 }}
{{ include "hangar.annotations" $monitoring.annotations }}
{{- end }}

{{/* Alerts as the installation has changed them. Called with (list $ rules). */}}
{{- define "hangar.monitoring.rules" -}}
{{- $monitoring := (index . 0).Values.monitoring -}}
{{- $thresholds := include "hangar.thresholds" (index . 0) | fromYaml -}}
{{- $all := list -}}
{{- range $rule := index . 1 -}}
{{- $change := get $monitoring.alerts.overrides $rule.alert | default dict -}}
{{- if ne (toString (get $change "enabled")) "false" -}}
{{- if hasKey $change "threshold" -}}
{{- $_ := set $rule "expr" (replace (get $thresholds $rule.alert) (printf "> %s" (include "hangar.text" (list $change.threshold false))) $rule.expr) -}}
{{- end -}}
{{- with $change.for }}{{ $_ := set $rule "for" . }}{{ end -}}
{{- $labels := mergeOverwrite (deepCopy $rule.labels) $monitoring.alerts.labels ($change.labels | default dict) -}}
{{- with $change.severity }}{{ $_ := set $labels "severity" . }}{{ end -}}
{{- $annotations := mergeOverwrite (deepCopy $rule.annotations) $monitoring.alerts.annotations -}}
{{- with $monitoring.runbookUrl }}{{ $_ := set $annotations "runbook_url" (printf "%s/%s.md" (trimSuffix "/" .) $rule.alert) }}{{ end -}}
{{- $_ := set $rule "labels" (include "hangar.texts" $labels | fromYaml) -}}
{{- $_ := set $rule "annotations" (include "hangar.texts" $annotations | fromYaml) -}}
{{- $all = append $all $rule -}}
{{- end -}}
{{- end -}}
{{- toYaml $all -}}
{{- end }}
