{{/* Rejects values of the previous runner's chart, with the command that translates them. */}}
{{- define "hangar.rejectPrevious" -}}
{{- $previous := list -}}
{{- range include "hangar.names.previous" . | splitList " " -}}
{{- if hasKey $.Values . }}{{ $previous = append $previous . }}{{ end -}}
{{- end -}}
{{- range include "hangar.names.previous.image" . | splitList " " -}}
{{- if hasKey $.Values.image . }}{{ $previous = append $previous (printf "image.%s" .) }}{{ end -}}
{{- end -}}
{{- range include "hangar.names.renamed" . | splitList " " -}}
{{- $names := splitList "=" . -}}
{{- $value := $.Values -}}
{{- range first $names | splitList "." }}{{ $value = ternary (get $value .) "" (kindIs "map" $value) }}{{ end -}}
{{- if ne (toString $value) "" -}}
{{- fail (printf "%s was renamed to %s. Rename it in your values" (first $names) (last $names)) -}}
{{- end -}}
{{- end -}}
{{- if $previous -}}
{{- fail (printf "%s: not a value of this chart. Each program has values of its own, such as runner.replicas and runner.resources. If these are values of the previous runner's chart, translate them: hangar-runner doctor --helm-values old.yaml > hangar.yaml (docs/migrate.md)" (join ", " $previous)) -}}
{{- end -}}
{{- end }}
