{{/* Labels of everything this chart installs. */}}
{{- define "countersign.labels" -}}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version | replace "+" "_" }}
app.kubernetes.io/name: countersign
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/part-of: countersign
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end }}

{{/* Labels that pick the operator's pods. They never change: a Deployment's selector is immutable. */}}
{{- define "countersign.selector" -}}
app.kubernetes.io/name: countersign
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/component: operator
{{- end }}

{{/* The image of both programs. */}}
{{- define "countersign.image" -}}
{{- with .Values.operator.image }}
{{- if .digest }}{{ .repository }}@{{ .digest }}{{ else }}{{ .repository }}:{{ .tag | default $.Chart.AppVersion }}{{ end }}
{{- end }}
{{- end }}

{{/* The username of one of our ServiceAccounts, as admission sees it. Called with (list $ "countersign-operator"). */}}
{{- define "countersign.username" -}}
system:serviceaccount:{{ (index . 0).Release.Namespace }}:{{ index . 1 }}
{{- end }}

{{/* A list of strings, as CEL writes it. */}}
{{- define "countersign.cel.list" -}}
['{{ join "', '" . }}']
{{- end }}

{{/* The resources of a row of guardedKinds, without their subresources, as a JSON list. */}}
{{- define "countersign.guardedResources" -}}
{{- $resources := list }}
{{- range .resources }}{{ $resources = append $resources (splitList "/" . | first) }}{{ end }}
{{- uniq $resources | toJson }}
{{- end }}

{{/* The names of the definitions behind guardedKinds. */}}
{{- define "countersign.guardedKinds" -}}
{{- $names := list }}
{{- range $row := .Values.guardedKinds }}
{{- range include "countersign.guardedResources" $row | fromJsonArray }}{{ $names = append $names (printf "%s.%s" . $row.group) }}{{ end }}
{{- end }}
{{- join "," $names }}
{{- end }}

{{/* What operator and gate watch of the installation itself, to stop promotions when it changes. Rules of a ClusterRole. */}}
{{- define "countersign.rbac.installation" -}}
- apiGroups: [admissionregistration.k8s.io]
  resources:
  - validatingadmissionpolicies
  - validatingadmissionpolicybindings
  - mutatingadmissionpolicies
  - mutatingadmissionpolicybindings
  - validatingwebhookconfigurations
  verbs: [list, watch]
- apiGroups: [apiextensions.k8s.io]
  resources: [customresourcedefinitions]
  verbs: [list, watch]
- apiGroups: [rbac.authorization.k8s.io]
  resources: [clusterroles, clusterrolebindings]
  verbs: [list, watch]
{{- end }}

{{/*
Rules by which releases write. What runs once for each bundle keeps its content. Called with (list $ verbs comment): what an identity does to
those, and why no more.
*/}}
{{- define "countersign.rbac.releases" -}}
{{- $verb := index . 1 }}
{{- $why := index . 2 }}
{{- range $row := (index . 0).Files.Get "files/promotable.yaml" | fromYamlArray }}
{{- $once := $row.once | default list }}
{{- $changed := list }}
{{- range $row.resources }}{{ if not (has . $once) }}{{ $changed = append $changed . }}{{ end }}{{ end }}
{{- if $changed }}
- apiGroups: [{{ $row.group | quote }}]
  resources: [{{ join ", " $changed }}]
  verbs: [create, update, delete]
{{- end }}
{{- if $once }}
- apiGroups: [{{ $row.group | quote }}]
  resources: [{{ join ", " $once }}] # {{ $why }}
  verbs: [{{ $verb }}]
{{- end }}
{{- end }}
{{- end }}
