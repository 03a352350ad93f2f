{{/*
The custody of the installation: what its policies have in common. It needs no parameters, and acts from the moment it is installed in
the release namespace alone, by that namespace's name; elsewhere only on our own ClusterRoles and on what binds them.
*/}}

{{/* CEL variables: whether the caller may administer the installation. As everywhere for this right, a wildcard will do. */}}
{{- define "countersign.installation.administer" -}}
- name: administerHeld
  expression: authorizer.group('countersign.dev').resource('releasepolicies').namespace('{{ .Release.Namespace }}').name('production').check('administer').allowed()
{{- end }}

{{/* Who can, for messages: the groups of values.yaml. */}}
{{- define "countersign.installation.holders" -}}
{{- with .Values.installation.administrators -}}
group {{ join " or " . }}, or a cluster admin
{{- else -}}
a cluster admin
{{- end -}}
{{- end }}

{{/* The names of our ClusterRoles, as a JSON list. */}}
{{- define "countersign.installation.clusterRoles" -}}
{{- $names := list "countersign-operator" "countersign-restorer" "countersign-gate" "countersign-emergency" }}
{{- range .Files.Get "files/people.yaml" | fromYamlArray }}{{ $names = append $names (printf "countersign-%s" .name) }}{{ end }}
{{- toJson $names }}
{{- end }}
