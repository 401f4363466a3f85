{{/* Names, labels, and the configuration as it will be read. */}}

{{- define "aiops.fullname" -}}
{{- if contains "aiops" .Release.Name }}{{ .Release.Name | trunc 53 | trimSuffix "-" }}{{ else }}{{ printf "%s-aiops" .Release.Name | trunc 53 | trimSuffix "-" }}{{ end }}
{{- end }}

{{- define "aiops.account" -}}
{{- default (include "aiops.fullname" .) .Values.serviceAccount.name }}
{{- end }}

{{- define "aiops.selector" -}}
app.kubernetes.io/name: aiops
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "aiops.labels" -}}
{{ include "aiops.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end }}

{{- define "aiops.image" -}}
{{- if .Values.image.digest }}{{ .Values.image.repository }}@{{ .Values.image.digest }}{{ else }}{{ .Values.image.repository }}:{{ default .Chart.AppVersion .Values.image.tag }}{{ end }}
{{- end }}

{{/* aiops.yaml: what the chart knows, under what the user says. JSON is YAML in which every text is quoted. */}}
{{- define "aiops.config" -}}
{{- $policy := default dict .Values.config.policy }}
{{- if and $policy.mode (ne $policy.mode .Values.mode) }}
{{- fail (printf "config.policy.mode: expected %s, as `mode` says, or nothing, got %s" .Values.mode $policy.mode) }}
{{- end }}
{{- $ours := dict "policy" (dict "mode" .Values.mode "own_namespace" .Release.Namespace) "kubernetes" (dict "access" "in-cluster") "state" "/var/lib/aiops" "server" (dict "host" "0.0.0.0" "port" (int .Values.service.port)) "log" (dict "format" "json") }}
{{- toPrettyJson (mustMergeOverwrite $ours (deepCopy .Values.config)) }}
{{- end }}

{{/* Whom roles are bound to. */}}
{{- define "aiops.subject" }}
subjects:
  - kind: ServiceAccount
    name: {{ include "aiops.account" . }}
    namespace: {{ .Release.Namespace }}
{{- end }}
