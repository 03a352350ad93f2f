{{/*
The production guard: what its policies have in common. files/guard.yaml says who writes what; each topic of it is one policy, so that
every request in a guarded namespace is judged by exactly one, and a refusal is one message.

The policies act where a namespace carries the label countersign.dev/guarded, and nowhere else: the selector stands in the policy's own
matchConstraints, because a missing definition of ReleasePolicy refuses whatever those match. Resource rules say apiVersions "*" and not
one version with conversion: a version that is no longer served would leave the rule without effect. Nothing here depends on a version.
*/}}

{{/* The usernames behind names of files/guard.yaml, as a CEL list; nothing when there are none. Called with (list $ identities names). */}}
{{- define "countersign.guard.usernames" -}}
{{- $values := (index . 0).Values.controlPlane }}
{{- $usernames := list }}
{{- range without (index . 2) "kubelets" }}
{{- if hasKey (index $ 1) . }}
{{- $usernames = concat $usernames (index $values (index (index $ 1) .)) }}
{{- else }}
{{- $usernames = append $usernames ($values.loops | replace "{loop}" .) }}
{{- end }}
{{- end }}
{{- if $usernames }}{{ include "countersign.cel.list" (uniq $usernames) }}{{ end }}
{{- end }}

{{/* One CEL list of usernames out of several, without the ServiceAccounts of kube-system. */}}
{{- define "countersign.guard.outsideKubeSystem" -}}
{{- $kept := list }}
{{- range . }}
{{- range . | trimPrefix "[" | trimSuffix "]" | splitList ", " }}
{{- if not (hasPrefix "'system:serviceaccount:kube-system:" .) }}{{ $kept = append $kept . }}{{ end }}
{{- end }}
{{- end }}
{{- printf "[%s]" (join ", " $kept) }}
{{- end }}

{{/*
A policy of the guard up to the variables that its topic adds; those, and `validations:`, follow in the topic's own file. Called with
(list $ "topic").
*/}}
{{- define "countersign.guard.policy" -}}
{{- $root := index . 0 }}
{{- $guard := include "countersign.guard" $root | fromJson }}
{{- $rows := index $guard.topics (index . 1) }}
{{- $writers := list }}
{{- $nodes := list }}
{{- $rewriters := list }}
{{- $promotable := list }}
{{- $emergency := include "countersign.guard.emergencyActs" . | fromJsonArray }}
{{- range $row := $rows }}
{{- range $act := include "countersign.guard.acts" $row | fromJsonArray }}
{{- $key := printf "'%s %s'" (upper $act) $row.resource }}
{{- $names := index $row $act }}
{{- $usernames := include "countersign.guard.usernames" (list $root $guard.identities $names) }}
{{- if $usernames }}{{ $writers = append $writers (printf "%s: %s" $key $usernames) }}{{ end }}
{{- if has "kubelets" $names }}{{ $nodes = append $nodes $key }}{{ end }}
{{- end }}
{{- with include "countersign.guard.usernames" (list $root $guard.identities ($row.rewrite | default list)) }}
{{- $rewriters = append $rewriters (printf "'%s': %s" $row.resource .) }}
{{- end }}
{{- range include "countersign.promotable" $root | fromJsonArray }}
{{- if and (eq .group $row.group) (has $row.resource .resources) }}{{ $promotable = append $promotable $row.resource }}{{ end }}
{{- end }}
{{- end }}
{{- include "countersign.guard.head" . }}
    resourceRules:
    {{- range $rows }}
    - apiGroups: [{{ .group | quote }}]
      apiVersions: ["*"]
      operations: [{{ include "countersign.guard.acts" . | fromJsonArray | join ", " | upper }}]
      resources: [{{ .resource }}]
      scope: Namespaced
    {{- end }}
  variables:
  {{- include "countersign.guard.variables" $root | nindent 2 }}
  - name: node # whose kubelet writes this
    expression: >-
      {{ if $nodes }}variables.caller.startsWith('system:node:') && 'system:nodes' in request.userInfo.?groups.orValue([])
      && request.operation + ' ' + variables.target in [{{ join ", " $nodes }}]{{ else }}false{{ end }}
  - name: controller # whose daily work this is
    expression: >-
      {{ if $writers }}variables.node || variables.migration || variables.caller in {
      {{ join ",\n      " (uniq $writers) }}
      }[?request.operation + ' ' + variables.target].orValue([]){{ else }}false{{ end }}
  - name: rewriter # who may change more than metadata
    expression: >-
      {{ if $rewriters }}variables.caller in {
      {{ join ",\n      " (uniq $rewriters) }}
      }[?variables.target].orValue([]){{ else }}false{{ end }}
  - name: deliverer # who writes releases; what they write is judged by the gate
    expression: >-
      {{ if $promotable }}variables.target in {{ include "countersign.cel.list" $promotable }}
      && {{ include "countersign.guard.deliverer" $root }}{{ else }}false{{ end }}
{{- if $emergency }}
  {{- include "countersign.guard.emergencyVariables" $emergency | nindent 2 }}
{{- end }}
{{- end }}

{{/* What of a topic an emergency covers, as a JSON list of CEL strings such as 'UPDATE deployments'. Called with (list $ "topic"). */}}
{{- define "countersign.guard.emergencyActs" -}}
{{- $root := index . 0 }}
{{- $covered := list }}
{{- range $row := index (include "countersign.guard" $root | fromJson).topics (index . 1) }}
{{- range include "countersign.emergency" $root | fromJsonArray }}
{{- if and (eq .group $row.group) (eq .resource $row.resource) }}
{{- range .acts }}{{ $covered = append $covered (printf "'%s %s'" (upper .) $row.resource) }}{{ end }}
{{- end }}
{{- end }}
{{- end }}
{{- toJson $covered }}
{{- end }}

{{/*
Who was let in for an emergency: whoever may `use` the minute that the API server's clock shows, which is the newest time in managedFields; a write
that adds or changes something cannot but carry it. What only removes shows the time of the last change before it; deletions, scaling and sessions
show none, and are asked for under a name of their own: for those the gate and the removed binding are the end. An object that was made with nothing
in it (a bare ServiceAccount) has no managedFields, and gets them by server-side apply alone. A wildcard holds every name, the canary too, and lets
nobody in. One authorizer check a variable.
*/}}
{{- define "countersign.guard.emergencyVariables" -}}
{{- $dated := list }}
{{- range . }}{{ if and (or (hasPrefix "'CREATE " .) (hasPrefix "'UPDATE " .)) (not (hasSuffix "/scale'" .)) }}{{ $dated = append $dated . }}{{ end }}{{ end }}
- name: urgent # an act that emergencies cover
  expression: variables.person && request.operation + ' ' + variables.target in [{{ join ", " . }}]
{{- if $dated }}
- name: times # that the API server shows
  expression: >-
    variables.metadataAfter.?managedFields.orValue([]).map(m, m.?time.orValue(null)).filter(t, t != null)
    + (request.operation == 'CREATE' ? [variables.metadataAfter.creationTimestamp] : [])
- name: timesBefore
  expression: >-
    oldObject == null ? [] : variables.metadataBefore.?managedFields.orValue([]).map(m, m.?time.orValue(null)).filter(t, t != null)
{{- end }}
- name: minute
  expression: >-
    {{ if $dated }}request.operation in ['DELETE', 'CONNECT'] || variables.target.endsWith('/scale') ? 'unclocked'
    : size(variables.times) == 0 ? 'none' : string(variables.times.max()).substring(0, 16){{ else }}'unclocked'{{ end }}
- name: minuteHeld
  expression: authorizer.group('countersign.dev').resource('emergencyminutes').namespace(request.namespace).name(variables.minute).check('use').allowed()
- name: minuteByWildcard
  expression: authorizer.group('countersign.dev').resource('emergencyminutes').namespace(request.namespace).name('canary').check('use').allowed()
- name: emergency
  expression: variables.urgent && variables.minuteHeld && !variables.minuteByWildcard
{{- if $dated }}
- name: grantHeld # the binding is there, whatever minute it is
  expression: authorizer.group('countersign.dev').resource('emergencyminutes').namespace(request.namespace).name('unclocked').check('use').allowed()
- name: late # somebody who was let in, at another time than this
  expression: variables.urgent && !variables.emergency && variables.grantHeld && !variables.minuteByWildcard
- name: undated # nothing is new in it, so that its time is that of the change before
  expression: >-
    size(variables.times) == 0 || (size(variables.timesBefore) > 0 && variables.times.max() == variables.timesBefore.max())
{{- end }}
{{- end }}

{{/*
What somebody who was let in changes of no object, in topics of which emergencies write any; who holds the right to operate takes finalizers off then,
too. Called with the CEL expression for which people are let through all the same.
*/}}
{{- define "countersign.guard.lifetime" -}}
- expression: >-
    {{ . }} || !variables.emergency || !variables.lifetimeChanged || variables.operation
  messageExpression: {{ include "countersign.denial" (list "ProductionGuardLifetime") }}
  reason: Forbidden
{{- end }}

{{/*
What somebody is told who was let in, but not for the time of this write. Called with the CEL expression for which people are let through all the
same; nothing when none are. A system identity is never let in.
*/}}
{{- define "countersign.guard.emergency" -}}
- expression: "{{ with . }}{{ . }} || {{ end }}!variables.late || !variables.undated"
  messageExpression: {{ include "countersign.denial" (list "ProductionGuardEmergencyUndated") }}
  reason: Forbidden
- expression: "{{ with . }}{{ . }} || {{ end }}!variables.late"
  messageExpression: {{ include "countersign.denial" (list "ProductionGuardEmergencyOver") }}
  reason: Forbidden
{{- end }}

{{/* CEL: the caller writes releases. */}}
{{- define "countersign.guard.deliverer" -}}
(variables.caller in ['{{ include "countersign.username" (list . "countersign-operator") }}', '{{ include "countersign.username" (list . "countersign-restorer") }}'] || variables.caller in params.spec.?gitOpsWriters.orValue([]))
{{- end }}

{{/* The part of a policy that does not depend on its topic. Called with (list $ "topic"). */}}
{{- define "countersign.guard.head" -}}
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicy
metadata:
  name: countersign-guard-{{ index . 1 }}
  labels:
    {{- include "countersign.labels" (index . 0) | nindent 4 }}
spec:
  failurePolicy: Fail
  paramKind: {apiVersion: countersign.dev/v1alpha1, kind: ReleasePolicy}
  matchConstraints:
    matchPolicy: Equivalent
    namespaceSelector: {matchExpressions: [{key: countersign.dev/guarded, operator: Exists}]}
{{- end }}

{{/* The operations of a row, as a JSON list. */}}
{{- define "countersign.guard.acts" -}}
{{- $row := . }}
{{- $acts := list }}
{{- range list "create" "update" "delete" "connect" }}{{ if hasKey $row . }}{{ $acts = append $acts . }}{{ end }}{{ end }}
{{- toJson $acts }}
{{- end }}

{{/* Variables of every policy of the guard. They are evaluated when they are asked for: a controller pays for none that it does not need. */}}
{{- define "countersign.guard.variables" -}}
{{ include "countersign.guard.requestVariables" . }}
- name: person # system: names operate and administer nothing
  expression: "!variables.caller.startsWith('system:')"
- name: finalizersAfter
  expression: "object == null ? [] : variables.metadataAfter.?finalizers.orValue([])"
- name: finalizersBefore
  expression: "oldObject == null ? [] : variables.metadataBefore.?finalizers.orValue([])"
- name: freeing # takes finalizers off an object that is being deleted, to which the API server lets nobody add any, and changes nothing else
  expression: >-
    request.operation == 'UPDATE' && has(variables.metadataBefore.deletionTimestamp)
    && size(variables.finalizersAfter) < size(variables.finalizersBefore)
    && variables.finalizersBefore.all(f, f in variables.finalizersAfter || !(f in {{ include "countersign.guard.controlPlaneFinalizers" . }}))
    && {{ include "countersign.guard.same" (list "variables.after" "variables.before" "metadata") }}
    && {{ include "countersign.guard.same" (list "variables.metadataAfter" "variables.metadataBefore" "finalizers" "managedFields" "generation" "resourceVersion") }}
- name: lifetimeChanged # by the caller: the API server itself protects a claim when it is made
  expression: >-
    request.operation in ['CREATE', 'UPDATE'] && (
    variables.finalizersAfter.filter(f, f != 'kubernetes.io/pvc-protection') != variables.finalizersBefore.filter(f, f != 'kubernetes.io/pvc-protection')
    || variables.metadataAfter.?ownerReferences.orValue([])
    != (oldObject == null ? [] : variables.metadataBefore.?ownerReferences.orValue([])))
- name: platform # a program that the policy lets write exactly this object
  expression: >-
    params.spec.?platformWriters.orValue([]).exists(w,
    w.identity == variables.caller && w.kind == request.kind.kind && variables.name in w.names)
{{- end }}

{{/* Those of them that need no policy of the namespace. */}}
{{- define "countersign.guard.requestVariables" -}}
- name: caller
  expression: request.userInfo.username
- name: place
  expression: request.namespace
- name: target
  expression: "request.?subResource.orValue('') == '' ? request.resource.resource : request.resource.resource + '/' + request.subResource"
- name: name
  expression: >-
    oldObject != null ? oldObject.metadata.name
    : request.operation == 'CONNECT' ? request.?name.orValue('')
    : object.metadata.?name.orValue(request.?name.orValue(''))
- name: what # for messages
  expression: variables.target + ' ' + variables.name
- name: doing # of a collection each object is judged by itself, without a name of the request
  expression: >-
    request.operation == 'DELETE' && request.?name.orValue('') == '' ? 'delete, along with others,'
    : {'CREATE': 'create', 'UPDATE': 'change', 'DELETE': 'delete', 'CONNECT': 'open'}[request.operation]
- name: after
  expression: dyn(object)
- name: before
  expression: dyn(oldObject)
- name: metadataAfter
  expression: variables.after.metadata
- name: metadataBefore
  expression: variables.before.metadata
- name: migration # of what is stored: it is written back as it is
  expression: >-
    request.operation == 'UPDATE' && variables.caller in {{ include "countersign.cel.list" .Values.controlPlane.storageMigrators }}
    && {{ include "countersign.guard.same" (list "variables.after" "variables.before" "metadata") }}
    && {{ include "countersign.guard.same" (list "variables.metadataAfter" "variables.metadataBefore" "managedFields" "generation" "resourceVersion") }}
{{- end }}

{{/*
CEL: finalizers that the control plane takes off when what they wait for has happened, and nobody else. The same list as
controlPlaneFinalizers in operator/decide/manifest/pending-deletion.ts; a test says so.
*/}}
{{- define "countersign.guard.controlPlaneFinalizers" -}}
{{ include "countersign.cel.list" (list "foregroundDeletion" "orphan" "kubernetes.io/pvc-protection" "batch.kubernetes.io/job-tracking" "resource.kubernetes.io/delete-protection") }}
{{- end }}

{{/*
Variables of a topic in which holders of the right to operate do one thing: take a finalizer off what is being deleted. Called with the CEL
expression for who needs no such right; an emergency does not give it.
*/}}
{{- define "countersign.guard.freeing" -}}
- name: operation
  expression: "!({{ . }}) && variables.freeing"
{{ include "countersign.custody.right" (dict "verb" "operate" "resource" "releasepolicies" "namespace" "request.namespace" "name" "'production'") }}
{{- end }}

{{/* What holds for them. */}}
{{- define "countersign.guard.freeingNeeds" -}}
{{ include "countersign.custody.needs" (dict "rule" "ProductionGuardOperate" "verb" "operate" "when" "variables.operation" "doing" "take a finalizer off {variables.what} in {place}") }}
{{- end }}

{{/*
CEL: two maps are the same but for some keys. Over maps and not over the fields of a schema, so that a field of a later Kubernetes counts
too. Called with (list "a" "b" "key" …), a and b being cheap expressions.
*/}}
{{- define "countersign.guard.same" -}}
{{- $a := index . 0 }}
{{- $b := index . 1 }}
{{- $but := include "countersign.cel.list" (slice . 2) -}}
{{ $a }}.all(k, k in {{ $but }} || (k in {{ $b }} && {{ $a }}[k] == {{ $b }}[k])) && {{ $b }}.all(k, k in {{ $but }} || k in {{ $a }})
{{- end }}

{{/*
What holds for the control plane's updates of objects in every topic: they leave all but metadata as it is, unless the row says otherwise.
Of a subresource the update is what it is for. Called with the rule's name.
*/}}
{{- define "countersign.guard.content" -}}
- expression: >-
    request.operation != 'UPDATE' || variables.target.contains('/') || !variables.controller || variables.rewriter || (
    {{ include "countersign.guard.same" (list "variables.after" "variables.before" "metadata" "status") }})
  messageExpression: {{ include "countersign.denial" (list (printf "%sContent" .)) }}
  reason: Forbidden
{{- end }}

{{/* Both bindings of a policy of the guard: where the label says audit, and wherever else it is set. Called with (list $ "topic"). */}}
{{- define "countersign.guard.bindings" -}}
{{- $root := index . 0 }}
{{- $name := printf "countersign-guard-%s" (index . 1) }}
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata:
  name: {{ $name }}
  labels:
    {{- include "countersign.labels" $root | nindent 4 }}
spec:
  policyName: {{ $name }}
  validationActions: [Deny, Audit]
  paramRef: {selector: {}, parameterNotFoundAction: Deny}
  matchResources:
    namespaceSelector: {matchExpressions: [{key: countersign.dev/guarded, operator: NotIn, values: [audit]}]}
---
# Audit refuses nothing, not even where the policy is missing.
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata:
  name: {{ $name }}-audit
  labels:
    {{- include "countersign.labels" $root | nindent 4 }}
spec:
  policyName: {{ $name }}
  validationActions: [Audit, Warn]
  paramRef: {selector: {}, parameterNotFoundAction: Allow}
  matchResources:
    namespaceSelector: {matchExpressions: [{key: countersign.dev/guarded, operator: In, values: [audit]}]}
{{- end }}

{{/* Resources with which holders of the right to operate do one thing, as a JSON list. Called with (list $ "restart"). */}}
{{- define "countersign.guard.operated" -}}
{{- $act := index . 1 }}
{{- $resources := list }}
{{- range include "countersign.operate" (index . 0) | fromJsonArray }}{{ if has $act .acts }}{{ $resources = append $resources .resource }}{{ end }}{{ end }}
{{- toJson $resources }}
{{- end }}
