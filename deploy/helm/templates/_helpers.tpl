{{- define "proofmate.labels" -}}
app.kubernetes.io/name: proofmate
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .name }}
{{- end }}
