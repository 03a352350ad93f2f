{{/* Labels that pick the gate's pods. They never change: a Deployment's selector is immutable. */}}
{{- define "countersign.gate.selector" -}}
app.kubernetes.io/name: countersign
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/component: gate
{{- end }}

{{/*
Where the API server asks, without path and trusted certificates: the gate writes those, and an upgrade leaves alone what it does not render. An address
cannot be written without its path, so there the one that the gate has written is kept.
*/}}
{{- define "countersign.gate.client" -}}
{{- if .root.Values.gate.enabled -}}
service: {name: countersign-gate, namespace: {{ .root.Release.Namespace }}, port: 443}
{{- else -}}
{{- $url := printf "%s/" (trimSuffix "/" .root.Values.gate.url) }}
{{- $live := lookup "admissionregistration.k8s.io/v1" "ValidatingWebhookConfiguration" "" "countersign-gate" | default dict }}
{{- range $live.webhooks | default list }}
{{- if and (eq .name (printf "%s.gate.countersign.dev" $.entry)) (hasPrefix $url (.clientConfig.url | default "")) }}
{{- $url = .clientConfig.url }}
{{- end }}
{{- end }}
url: {{ $url | quote }}
{{- end }}
{{- end }}

{{/* One entry of the configuration. Called with (dict "root" "entry" "failurePolicy" and YAML texts "rules" "conditions" "namespaceSelector"). */}}
{{- define "countersign.gate.webhook" -}}
- name: {{ .entry }}.gate.countersign.dev
  admissionReviewVersions: [v1]
  clientConfig:
    {{- include "countersign.gate.client" . | trim | nindent 4 }}
  failurePolicy: {{ .failurePolicy }}
  matchPolicy: Equivalent
  sideEffects: NoneOnDryRun
  timeoutSeconds: 5
  {{- with .namespaceSelector }}
  namespaceSelector:
    {{- . | trim | nindent 4 }}
  {{- end }}
  {{- with .conditions }}
  matchConditions:
  {{- . | trim | nindent 2 }}
  {{- end }}
  rules:
  {{- .rules | trim | nindent 2 }}
{{- end }}

{{/* Guarded namespaces; called with (list $ "operator" "values"): of the label's value. Never those that the cluster and we ourselves live in. */}}
{{- define "countersign.gate.guarded" -}}
matchExpressions:
- {key: countersign.dev/guarded, operator: Exists}
{{- with .audit }}
- {key: countersign.dev/guarded, operator: {{ . }}, values: [audit]}
{{- end }}
- {key: kubernetes.io/metadata.name, operator: NotIn, values: [kube-system, kube-public, kube-node-lease, {{ .root.Release.Namespace }}]}
{{- end }}

{{/*
What the gate is asked about: every row of files/guard.yaml. One version a resource, so that the API server converts what is sent in another: the
judge compares with content in that version. Of definitions nobody knows here which version a cluster serves: a release is sent in that of its content.
*/}}
{{- define "countersign.gate.rules" -}}
{{- range $topic, $rows := (include "countersign.guard" . | fromJson).topics }}
{{- range $rows }}
- apiGroups: [{{ .group | quote }}]
  apiVersions: [{{ if eq $topic "custom" }}"*"{{ else }}{{ ternary "v2" "v1" (eq .group "autoscaling") }}{{ end }}]
  operations: [{{ include "countersign.guard.acts" . | fromJsonArray | join ", " | upper }}]
  resources: [{{ .resource }}]
  scope: Namespaced
{{- end }}
{{- end }}
{{- range .Values.guardedKinds }}
- apiGroups: [{{ .group | quote }}]
  apiVersions: ["*"]
  operations: [CREATE, UPDATE, DELETE]
  resources: [{{ join ", " .resources }}]
  scope: Namespaced
{{- end }}
{{- end }}

{{/* Who keeps namespaces, and who migrates what is stored, as a CEL list. */}}
{{- define "countersign.gate.keepers" -}}
{{ concat .Values.controlPlane.namespaceControllers .Values.controlPlane.storageMigrators | include "countersign.cel.list" }}
{{- end }}

{{/*
Continuity does not wait for the gate: what controllers, schedulers and nodes do is held by the API server alone. Those are the identities that
files/guard.yaml names, the namespace controller, and what migrates stored objects, which the guard lets change nothing.
*/}}
{{- define "countersign.gate.notControlPlane" -}}
{{- $guard := include "countersign.guard" . | fromJson }}
{{- $names := list }}
{{- range $rows := $guard.topics }}
{{- range $row := $rows }}
{{- range include "countersign.guard.acts" $row | fromJsonArray }}{{ $names = concat $names (index $row .) }}{{ end }}
{{- end }}
{{- end }}
- name: not-the-control-plane
  expression: >-
    !(request.userInfo.username in {{ include "countersign.guard.usernames" (list . $guard.identities (sortAlpha (uniq $names))) }}
    || request.userInfo.username in {{ include "countersign.gate.keepers" . }}
    || (request.userInfo.username.startsWith('system:node:') && has(request.userInfo.groups) && 'system:nodes' in request.userInfo.groups))
{{- end }}

{{/*
People who write a kind that nobody listed. What every other entry, custody or RBAC is asked about is left out here; ServiceAccounts are the API
server's own guard's to judge, so that no controller of custom resources waits for a gate.
*/}}
{{- define "countersign.gate.unlisted" -}}
{{- $guard := include "countersign.guard" . | fromJson }}
{{- $listed := list }}
{{- range $rows := $guard.topics }}{{ range $rows }}{{ $listed = append $listed (printf "%s/%s" .group .resource) }}{{ end }}{{ end }}
{{- range $guard.exempt }}{{ if not .by }}{{ $listed = append $listed (printf "%s/%s" .group .resource) }}{{ end }}{{ end }}
{{- range $row := .Values.guardedKinds }}{{ range .resources }}{{ $listed = append $listed (printf "%s/%s" $row.group .) }}{{ end }}{{ end }}
- name: not-listed
  expression: >-
    request.resource.group != 'countersign.dev' && !((request.resource.group + '/' + request.resource.resource
    + (has(request.subResource) && request.subResource != '' ? '/' + request.subResource : '')) in {{ include "countersign.cel.list" $listed }})
- name: not-a-program
  expression: "!request.userInfo.username.startsWith('system:serviceaccount:')"
{{- end }}

{{- define "countersign.gate.notUs" -}}
- name: not-{{ index . 1 }}
  expression: request.userInfo.username != '{{ include "countersign.username" . }}'
{{- end }}
