{{/* Names. */}}
{{- define "hangar.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 40 | trimSuffix "-" -}}
{{- end }}

{{- define "hangar.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 40 | trimSuffix "-" -}}
{{- else if contains (include "hangar.name" .) .Release.Name -}}
{{- .Release.Name | trunc 40 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name (include "hangar.name" .) | trunc 40 | trimSuffix "-" -}}
{{- end -}}
{{- end }}

{{- define "hangar.runner.name" -}}{{ include "hangar.fullname" . }}-runner{{- end }}
{{- define "hangar.autoscaler.name" -}}{{ include "hangar.fullname" . }}-autoscaler{{- end }}

{{/* Labels by which Pods are selected. Called with (list $ "component"). */}}
{{- define "hangar.selector" -}}
{{- /* The runner keeps this prefix from labels of pipelines: no build can be selected as one of these Pods. */ -}}
hangar.dev/component: {{ index . 1 | quote }}
hangar.dev/release: {{ (index . 0).Release.Name | quote }}
{{- end }}

{{/*
Labels of an object, each once: further ones take precedence over `commonLabels`, these over those of the chart, and the selector over all.
Called with (list $ "component"), or with (list $ "component" furtherLabels).
*/}}
{{- define "hangar.labels" -}}
{{- $root := index . 0 -}}
{{- $selector := include "hangar.selector" . | fromYaml -}}
{{- $own := dict "app.kubernetes.io/name" (include "hangar.name" $root) "app.kubernetes.io/instance" $root.Release.Name "app.kubernetes.io/component" (index . 1) "app.kubernetes.io/part-of" "hangar" "app.kubernetes.io/version" $root.Chart.AppVersion "app.kubernetes.io/managed-by" $root.Release.Service "helm.sh/chart" (printf "%s-%s" $root.Chart.Name $root.Chart.Version | replace "+" "_") -}}
{{- $further := dict -}}
{{- if gt (len .) 2 }}{{ $further = index . 2 }}{{ end -}}
{{- include "hangar.texts" (mergeOverwrite $own $root.Values.commonLabels $further $selector) | trim -}}
{{- end }}

{{/* A text in lines of its own, and no line where it is empty. Called with (list indent text). */}}
{{- define "hangar.indented" -}}
{{- with trim (index . 1) }}{{ . | nindent (int (index $ 0)) }}{{ end -}}
{{- end }}

{{/* Labels, annotations and the like: values that are numbers or switches in YAML become texts. */}}
{{- define "hangar.texts" -}}
{{- range $name, $value := . }}
{{ $name | quote }}: {{ include "hangar.text" (list $value false) | quote }}
{{- end -}}
{{- end }}

{{/* `annotations:` of an object, unless there are none. */}}
{{- define "hangar.annotations" -}}
{{- with . -}}
annotations:
  {{- include "hangar.indented" (list 2 (include "hangar.texts" .)) }}
{{- end -}}
{{- end }}

{{/* Pull secrets as Kubernetes has them, from names or `{name}`. */}}
{{- define "hangar.pullSecrets" -}}
{{- with . -}}
imagePullSecrets:
  {{- range . }}
  - name: {{ if kindIs "string" . }}{{ . }}{{ else }}{{ .name }}{{ end }}
  {{- end }}
{{- end -}}
{{- end }}

{{/* An image's full name. Called with (list $ image). */}}
{{- define "hangar.image" -}}
{{- $root := index . 0 -}}
{{- $image := index . 1 -}}
{{- $registry := $image.registry | default $root.Values.image.registry -}}
{{- /* As for Docker: a first part with a dot or a port is a registry. */ -}}
{{- $isFull := regexMatch "^([^/]*[.:][^/]*|localhost)/" $image.repository -}}
{{- if not (or $registry $isFull) -}}
{{- fail (printf "image.registry is not set, and no images of Hangar are published yet. Build them and push them to your registry (docs/images.md), then set image.registry to it, such as registry.acme.test/ci. Or set the repository of the image (%s) to a full name, such as registry.acme.test/ci/%s" $image.repository (base $image.repository)) -}}
{{- end -}}
{{- if not $isFull }}{{ trimSuffix "/" $registry }}/{{ end -}}
{{- $image.repository -}}
{{- if $image.digest }}@{{ $image.digest }}{{ else }}:{{ $image.tag | default $root.Chart.AppVersion }}{{ end -}}
{{- end }}

{{/* A setting's value as the text of a variable: lists with commas, maps as name:value. Called with (list value isOnOff). */}}
{{- define "hangar.text" -}}
{{- $value := index . 0 -}}
{{- if kindIs "slice" $value -}}{{ join "," $value }}
{{- else if kindIs "map" $value -}}
{{- $pairs := list -}}
{{- range $name, $one := $value }}{{ $pairs = append $pairs (printf "%s:%s" $name (include "hangar.text" (list $one false))) }}{{ end -}}
{{- join "," $pairs -}}
{{- else if kindIs "float64" $value -}}
{{- if eq (floor $value) $value }}{{ int64 $value }}{{ else }}{{ $value }}{{ end -}}
{{- else if and (kindIs "bool" $value) (index . 1) -}}{{ ternary "on" "off" $value }}
{{- else -}}{{ toString $value }}
{{- end -}}
{{- end }}

{{/* Variables of a component: config, then extraEnv. Called with (list $ "component"). */}}
{{- define "hangar.env" -}}
{{- $root := index . 0 -}}
{{- $name := index . 1 -}}
{{- $values := index $root.Values $name -}}
{{- $secret := include (printf "hangar.names.%s.secret" $name) $root | splitList " " -}}
{{- $onOff := include (printf "hangar.names.%s.onOff" $name) $root | splitList " " -}}
{{- range $key, $value := $values.config -}}
{{- if has $key $secret -}}
{{- fail (printf "%s.config.%s is a secret. Put it into a Secret under that key and name the Secret in %s.envFrom: [{secretRef: {name: ...}}]" $name $key $name) -}}
{{- end -}}
{{- if not (kindIs "invalid" $value) }}
- name: {{ $key }}
  value: {{ include "hangar.text" (list $value (has $key $onOff)) | quote }}
{{- end -}}
{{- end -}}
{{- /* A number or a switch is written as text: Kubernetes takes nothing else. */ -}}
{{- range $values.extraEnv }}
{{ toYaml (list (hasKey . "value" | ternary (merge (dict "value" (toString .value)) .) .)) }}
{{- end -}}
{{- end }}

{{/* Settings on which objects of the chart depend, as JSON: `config`, and what extraEnv has instead. Called with (list $ "component"). */}}
{{- define "hangar.settings" -}}
{{- $values := index (index . 0).Values (index . 1) -}}
{{- $settings := deepCopy $values.config -}}
{{- range $values.extraEnv }}{{ if hasKey . "value" }}{{ $_ := set $settings .name .value }}{{ end }}{{ end -}}
{{- toJson $settings -}}
{{- end }}

{{/* Variables, the last one of each name: server-side apply refuses a name that appears twice. Called with their YAML. */}}
{{- define "hangar.once" -}}
{{- $names := dict -}}
{{- $kept := list -}}
{{- range fromYamlArray . | reverse -}}
{{- if not (hasKey $names .name) }}{{ $kept = prepend $kept . }}{{ end -}}
{{- $_ := set $names .name true -}}
{{- end -}}
{{- toYaml $kept -}}
{{- end }}

{{/* Whether a variable can come from anywhere. Called with (list values "NAME"). */}}
{{- define "hangar.isGiven" -}}
{{- $values := index . 0 -}}
{{- $name := index . 1 -}}
{{- if or (get $values.config $name) $values.envFrom -}}yes{{- end -}}
{{- range $values.extraEnv }}{{ if eq .name $name }}yes{{ end }}{{ end -}}
{{- end }}

{{/* The port of a listen address such as `:3000`. Called with (list address default). */}}
{{- define "hangar.port" -}}
{{- regexFind "[0-9]+$" (toString (default (index . 1) (index . 0))) | default (index . 1) -}}
{{- end }}

{{- define "hangar.runner.port" -}}{{ include "hangar.port" (list (include "hangar.settings" (list . "runner") | fromJson).DRONE_SERVER_PORT "3000") }}{{- end }}
{{- define "hangar.autoscaler.port" -}}{{ include "hangar.port" (list (include "hangar.settings" (list . "autoscaler") | fromJson).HANGAR_AUTOSCALER_LISTEN "3001") }}{{- end }}

{{- define "hangar.runner.account" -}}
{{- .Values.runner.serviceAccount.name | default (ternary (include "hangar.runner.name" .) "default" .Values.runner.serviceAccount.create) -}}
{{- end }}
{{- define "hangar.autoscaler.account" -}}
{{- .Values.autoscaler.serviceAccount.name | default (ternary (include "hangar.autoscaler.name" .) "default" .Values.autoscaler.serviceAccount.create) -}}
{{- end }}
{{- define "hangar.jobs.account" -}}
{{- .Values.jobs.serviceAccount.name | default (printf "%s-job" (include "hangar.fullname" .)) -}}
{{- end }}

{{/* Where Pods of pipelines go. `drone-` is a prefix, not a namespace. */}}
{{- define "hangar.jobs.namespace" -}}
{{- $set := (include "hangar.settings" (list . "runner") | fromJson).DRONE_NAMESPACE_DEFAULT -}}
{{- if and $set .Values.jobs.namespace (ne $set .Values.jobs.namespace) -}}
{{- fail (printf "jobs.namespace is %s and DRONE_NAMESPACE_DEFAULT of the runner is %s. Write one of them" .Values.jobs.namespace $set) -}}
{{- end -}}
{{- .Values.jobs.namespace | default $set | default .Release.Namespace -}}
{{- end }}

{{/* All namespaces of Pods that have a name, as JSON {"names": [...]}. */}}
{{- define "hangar.jobs.namespaces" -}}
{{- $first := include "hangar.jobs.namespace" . -}}
{{- $names := .Values.jobs.otherNamespaces -}}
{{- if ne $first "drone-" }}{{ $names = prepend $names $first }}{{ end -}}
{{- dict "names" (uniq $names) | toJson -}}
{{- end }}

{{/* Parts of both Pods. Called with the user's securityContext of a container. */}}
{{- define "hangar.containerSecurity" -}}
{{- $restricted := dict "allowPrivilegeEscalation" false "readOnlyRootFilesystem" true "runAsNonRoot" true "capabilities" (dict "drop" (list "ALL")) -}}
{{- toYaml (mergeOverwrite $restricted .) -}}
{{- end }}

{{- define "hangar.podSecurity" -}}
{{- $restricted := dict "runAsNonRoot" true "runAsUser" 10001 "runAsGroup" 10001 "fsGroup" 10001 "seccompProfile" (dict "type" "RuntimeDefault") -}}
{{- toYaml (mergeOverwrite $restricted .) -}}
{{- end }}

{{/* What a person may choose about a Pod. Called with (list $ "component"). */}}
{{- define "hangar.podChoices" -}}
{{- $root := index . 0 -}}
{{- $values := index $root.Values (index . 1) -}}
securityContext:
  {{- include "hangar.podSecurity" $values.podSecurityContext | nindent 2 }}
{{- with $root.Values.image.pullSecrets }}
{{ include "hangar.pullSecrets" . }}
{{- end }}
{{- range $field := list "priorityClassName" "runtimeClassName" "dnsPolicy" }}
{{- with index $values $field }}
{{ $field }}: {{ . }}
{{- end }}
{{- end }}
{{- with $values.nodeSelector }}
nodeSelector:
  {{- include "hangar.indented" (list 2 (include "hangar.texts" .)) }}
{{- end }}
{{- range $field := list "tolerations" "affinity" "hostAliases" "dnsConfig" }}
{{- with index $values $field }}
{{ $field }}:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}
{{- with $values.topologySpreadConstraints }}
topologySpreadConstraints:
  {{- $selector := include "hangar.selector" (list $root (index $ 1)) | fromYaml }}
  {{- range . }}
  - {{ merge (deepCopy .) (dict "labelSelector" (dict "matchLabels" $selector)) | toYaml | nindent 4 | trim }}
  {{- end }}
{{- end }}
terminationGracePeriodSeconds: {{ $values.terminationGracePeriodSeconds }}
{{- end }}

{{/* Probes of both programs, without those that a person has removed. Called with the values of the program. */}}
{{- define "hangar.probes" -}}
{{- range $probe, $path := dict "livenessProbe" "/livez" "readinessProbe" "/readyz" "startupProbe" "/livez" }}
{{- with index $ $probe }}
{{ $probe }}:
  httpGet: { path: {{ $path }}, port: http }
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}
{{- end }}

{{/* Certificates of private CAs: volume, mount and variable; each empty where there are none. Called with $. */}}
{{- define "hangar.authorities.volume" -}}
{{- with .Values.certificateAuthorities }}
{{- if and .configMap .secret -}}
{{- fail "certificateAuthorities.configMap and certificateAuthorities.secret are both set. Set one of them" -}}
{{- else if .configMap -}}
- name: certificate-authorities
  configMap: { name: {{ .configMap }} }
{{- else if .secret -}}
- name: certificate-authorities
  secret: { secretName: {{ .secret }} }
{{- end -}}
{{- end -}}
{{- end }}
{{- define "hangar.authorities.mount" -}}
{{- if include "hangar.authorities.volume" . -}}
- { name: certificate-authorities, mountPath: /etc/hangar/certificate-authorities, readOnly: true }
{{- end -}}
{{- end }}
{{- define "hangar.authorities.env" -}}
{{- if include "hangar.authorities.volume" . -}}
- name: NODE_EXTRA_CA_CERTS
  value: /etc/hangar/certificate-authorities/{{ .Values.certificateAuthorities.key }}
{{- end -}}
{{- end }}
