{{- define "proofmate.labels" -}}
app.kubernetes.io/name: proofmate
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .name }}
{{- end }}
{{/* A setting as text. Helm reads numbers of a values file as floats, and would print 11155111 as 1.1155111e+07. */}}
{{- define "proofmate.text" -}}
{{- if and (kindIs "float64" .) (eq (floor .) .) }}{{ int64 . }}{{ else }}{{ . }}{{ end }}
{{- end }}
