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

{{/*
Pods of one program on nodes and in zones of their own, as far as there are any. `.selector`: their labels. Pods of the release before do not count: they
are about to go. Zones are not in the constraints: where a node lacks the key of one of them, the scheduler leaves that node out of all.
*/}}
{{- define "countersign.spread" -}}
affinity:
  podAntiAffinity:
    preferredDuringSchedulingIgnoredDuringExecution:
    {{- range $key, $weight := dict "kubernetes.io/hostname" 100 "topology.kubernetes.io/zone" 50 }}
    - weight: {{ $weight }}
      podAffinityTerm:
        topologyKey: {{ $key }}
        matchLabelKeys: [pod-template-hash]
        labelSelector:
          matchLabels:
            {{- $.selector | nindent 12 }}
    {{- end }}
topologySpreadConstraints:
- maxSkew: 1
  topologyKey: kubernetes.io/hostname
  whenUnsatisfiable: ScheduleAnyway
  matchLabelKeys: [pod-template-hash]
  labelSelector:
    matchLabels:
      {{- .selector | nindent 6 }}
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

{{/*
What the files of kinds say, and what the value `kinds` adds to them: everything that is rendered from one is rendered from the other. A row of
`kinds` is a kind of topic `custom`, as the rows in operator/decide/manifest/kinds/custom are.
*/}}
{{- define "countersign.promotable" -}}
{{- $rows := .Files.Get "files/promotable.yaml" | fromYamlArray }}
{{- $known := list }}
{{- range $row := $rows }}{{ range .resources }}{{ $known = append $known (printf "%s.%s" . $row.group) }}{{ end }}{{ end }}
{{- range .Values.guardedKinds }}{{ $group := .group }}{{ range .resources }}{{ $known = append $known (printf "%s.%s" . $group) }}{{ end }}{{ end }}
{{- range $place, $kind := .Values.kinds }}
{{- $name := printf "%s.%s" .resource .group }}
{{- if has $name $known }}
{{- fail (printf "kinds[%d]: %s is built in, or listed twice or in guardedKinds, too; remove one of them: helm upgrade --reuse-values -f kinds.yaml" $place $name) }}
{{- end }}
{{- $known = append $known $name }}
{{- $row := dict "group" .group "resources" (list .resource) }}
{{- if .scaled }}{{ $_ := set $row "scaled" (list .resource) }}{{ end }}
{{- $rows = append $rows $row }}
{{- end }}
{{- toJson $rows }}
{{- end }}

{{- define "countersign.operate" -}}
{{- $rows := .Files.Get "files/operate.yaml" | fromYamlArray }}
{{- range .Values.kinds }}
{{- if .emergency }}
{{- $rows = append $rows (dict "group" .group "resource" .resource "kind" .kind "acts" (list "free") "verbs" (list "get" "patch")) }}
{{- end }}
{{- end }}
{{- toJson $rows }}
{{- end }}

{{- define "countersign.emergency" -}}
{{- $rows := .Files.Get "files/emergency.yaml" | fromYamlArray }}
{{- range .Values.kinds }}
{{- if .emergency }}
{{- $rows = append $rows (dict "group" .group "resource" .resource "acts" (list "create" "update" "delete")) }}
{{- end }}
{{- end }}
{{- toJson $rows }}
{{- end }}

{{- define "countersign.guard" -}}
{{- $guard := .Files.Get "files/guard.yaml" | fromYaml }}
{{- $collector := list "generic-garbage-collector" }}
{{- $writers := list "generic-garbage-collector" "custom-controllers" }}
{{- range .Values.kinds }}
{{- $row := dict "group" .group "resource" .resource "create" list "update" $writers "delete" $collector }}
{{- $_ := set $guard.topics "custom" (append $guard.topics.custom $row) }}
{{- end }}
{{- toJson $guard }}
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
{{- range $row := include "countersign.promotable" (index . 0) | fromJsonArray }}
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
