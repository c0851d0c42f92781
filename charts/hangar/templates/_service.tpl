{{/* The port of a program's Service, and that under which the program is called: a headless Service leads to the Pod's own port. Called with (list $ "component"). */}}
{{- define "hangar.servicePort" -}}
{{- $service := (index (index . 0).Values (index . 1)).service -}}
{{- if $service.port }}{{ int $service.port }}{{ else }}{{ include (printf "hangar.%s.port" (index . 1)) (index . 0) }}{{ end -}}
{{- end }}
{{- define "hangar.runner.callPort" -}}
{{- if eq .Values.runner.service.type "ClusterIP" }}{{ include "hangar.runner.port" . }}{{ else }}{{ include "hangar.servicePort" (list . "runner") }}{{ end -}}
{{- end }}

{{/* Called with (list $ "component"). */}}
{{- define "hangar.service" -}}
{{- $root := index . 0 -}}
{{- $component := index . 1 -}}
{{- $service := (index $root.Values $component).service -}}
apiVersion: v1
kind: Service
metadata:
  name: {{ include (printf "hangar.%s.name" $component) $root }}
  namespace: {{ $root.Release.Namespace }}
  labels:
    {{- include "hangar.labels" (list (index . 0) (index . 1) $service.labels) | nindent 4 }}
  {{- include "hangar.indented" (list 2 (include "hangar.annotations" $service.annotations)) }}
spec:
  {{- if ne $service.type "ClusterIP" }}
  type: {{ $service.type }}
  {{- else if eq $component "runner" }}
  # Each replica is called by its own address, also while it is not ready.
  clusterIP: None
  {{- end }}
  {{- if eq $component "runner" }}
  publishNotReadyAddresses: true
  {{- end }}
  {{- with $service.ipFamilyPolicy }}
  ipFamilyPolicy: {{ . }}
  {{- end }}
  {{- with $service.ipFamilies }}
  ipFamilies: {{ toJson . }}
  {{- end }}
  selector:
    {{- include "hangar.selector" . | nindent 4 }}
  ports:
    - { name: http, port: {{ include "hangar.servicePort" . }}, targetPort: http }
{{- end }}

{{/* Ways to the page from outside of the cluster: Ingress and HTTPRoute. Called with (list $ "component"). */}}
{{- define "hangar.routes" -}}
{{- $root := index . 0 -}}
{{- $component := index . 1 -}}
{{- $values := index $root.Values $component -}}
{{- $name := include (printf "hangar.%s.name" $component) $root -}}
{{- $port := include "hangar.servicePort" . -}}
{{- with $values.ingress }}
{{- if .enabled }}
{{- if not .hosts }}{{ fail (printf "%s.ingress.enabled is true and %s.ingress.hosts is empty. Name at least one host" $component $component) }}{{ end }}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: {{ $name }}
  namespace: {{ $root.Release.Namespace }}
  labels:
    {{- include "hangar.labels" $ | nindent 4 }}
  {{- include "hangar.indented" (list 2 (include "hangar.annotations" .annotations)) }}
spec:
  {{- with .className }}
  ingressClassName: {{ . }}
  {{- end }}
  {{- with .tls }}
  tls:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  rules:
    {{- range $host := .hosts }}
    - host: {{ $host | quote }}
      http:
        paths:
          - path: {{ $values.ingress.path }}
            pathType: {{ $values.ingress.pathType }}
            backend:
              service: { name: {{ $name }}, port: { name: http } }
    {{- end }}
{{- end }}
{{- end }}
{{- with $values.httpRoute }}
{{- if .enabled }}
{{- if not .parentRefs }}{{ fail (printf "%s.httpRoute.enabled is true and %s.httpRoute.parentRefs is empty. Name the Gateway there, such as [{name: public, namespace: gateways}]" $component $component) }}{{ end }}
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata:
  name: {{ $name }}
  namespace: {{ $root.Release.Namespace }}
  labels:
    {{- include "hangar.labels" $ | nindent 4 }}
  {{- include "hangar.indented" (list 2 (include "hangar.annotations" .annotations)) }}
spec:
  parentRefs:
    {{- toYaml .parentRefs | nindent 4 }}
  {{- with .hostnames }}
  hostnames:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  rules:
    - matches:
        - path: { type: PathPrefix, value: / }
      {{- with .filters }}
      filters:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      backendRefs:
        - { name: {{ $name }}, port: {{ $port }} }
{{- end }}
{{- end }}
{{- end }}

{{/* Called with (list $ "component"). */}}
{{- define "hangar.disruptionBudget" -}}
{{- $root := index . 0 -}}
{{- $budget := (index $root.Values (index . 1)).podDisruptionBudget -}}
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata:
  name: {{ include (printf "hangar.%s.name" (index . 1)) $root }}
  namespace: {{ $root.Release.Namespace }}
  labels:
    {{- include "hangar.labels" . | nindent 4 }}
spec:
  maxUnavailable: {{ $budget.maxUnavailable }}
  {{- with $budget.unhealthyPodEvictionPolicy }}
  unhealthyPodEvictionPolicy: {{ . }}
  {{- end }}
  selector:
    matchLabels:
      {{- include "hangar.selector" . | nindent 6 }}
{{- end }}
