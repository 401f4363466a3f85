{{/*
The least rights, as `aiops rbac` prints them: from files/rights.yaml, which the code writes, and from the
enabled playbooks. Below ask nothing is written. Answers JSON:
{"remediations": [...], "write": {key: {group, resource, verbs}}, "nodes": {...}, "spaces": [...]}
*/}}
{{- define "aiops.rights" -}}
{{- $table := .Files.Get "files/rights.yaml" | fromYaml }}
{{- $ranks := dict "observe" 0 "suggest" 1 "ask" 2 "auto" 3 }}
{{- $scopes := default list (default dict .Values.config.policy).scopes }}
{{- $bound := list }}{{/* playbooks that a scope lets act; "" is every one */}}
{{- $spaces := .Values.optIn }}
{{- range $scopes }}
{{- $rank := int (get $ranks (default "observe" .mode)) }}
{{- if ge $rank 2 }}{{ $bound = append $bound (default "" .playbook) }}{{ end }}
{{- if and (not $.Values.optIn) .namespace (ge $rank 2) }}{{ $spaces = append $spaces .namespace }}{{ end }}
{{- end }}
{{- $names := list }}
{{- if ge (int (get $ranks .Values.mode)) 2 }}
{{- if .Values.playbooks }}
{{- range $file, $content := .Values.playbooks }}
{{- range $content.playbooks }}
{{- if and (has (default "observe" .mode) (list "ask" "auto")) (or (has "" $bound) (has .name $bound)) }}
{{- range .steps }}{{ $names = append $names .remediation }}{{ end }}
{{- end }}
{{- end }}
{{- end }}
{{- else }}
{{- $off := default list (default dict .Values.config.off).playbooks }}
{{- range $name, $steps := $table.playbooks }}
{{- if and (not (has $name $off)) (or (has "" $bound) (has $name $bound)) }}{{ $names = concat $names $steps }}{{ end }}
{{- end }}
{{- end }}
{{- end }}
{{- $names = $names | uniq | sortAlpha }}
{{- $write := dict }}
{{- $nodes := dict }}
{{- range $name := $names }}
{{- if not (hasKey $table.remediations $name) }}
{{- fail (printf "playbooks: expected a remediation that is shipped, got %s: with one of your own set rbac.create=false and use `aiops rbac`" $name) }}
{{- end }}
{{- range get $table.remediations $name }}
{{- $into := ternary $nodes $write (hasPrefix "nodes" .resource) }}
{{- $key := printf "%s %s" .group .resource }}
{{- $before := default list (get (default dict (get $into $key)) "verbs") }}
{{- $_ := set $into $key (dict "group" .group "resource" .resource "verbs" (append $before .verb | uniq | sortAlpha)) }}
{{- end }}
{{- end }}
{{- dict "remediations" $names "write" $write "nodes" $nodes "spaces" ($spaces | uniq | sortAlpha) | toJson }}
{{- end }}

{{/* Rules of a role from {key: {group, resource, verbs}}. */}}
{{- define "aiops.rules" -}}
{{- range $key, $one := . }}
- apiGroups: [{{ $one.group | quote }}]
  resources: [{{ $one.resource | quote }}]
  verbs: {{ $one.verbs | toJson }}
{{- end }}
{{- end }}
