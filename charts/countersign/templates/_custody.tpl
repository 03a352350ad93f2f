{{/*
What the custody policies have in common. Each kind has one policy, in its own file, so that a refusal names one rule and not
whichever of several policies answered first. A policy's variables and validations are YAML lists; the pieces here are their items.

In validations, `variables.act` is what is being done: CREATE, UPDATE, DELETE, or STATUS for a write to /status.
*/}}

{{/*
A refusal as a CEL expression. Called with (list "name" values): the name of a row of operator/api/policy-denials.ts, and what its text is told, if
anything. Everything in braces is CEL: {caller}, {place} or an expression that cannot fail. Texts have no apostrophes: they would end the CEL string.
*/}}
{{- define "countersign.denial" -}}
{{- $told := dict }}{{ if gt (len .) 1 }}{{ $told = index . 1 }}{{ end }}
{{- $text := include (printf "countersign.denial.%s" (first .)) $told | replace "{caller}" "{variables.caller}" | replace "{place}" "{variables.place}" -}}
{{- printf "'%s'" (regexReplaceAll "\\{([^{}]+)\\}" $text "' + $1 + '") | trimSuffix " + ''" | quote }}
{{- end }}

{{/* What a policy on one of our kinds is asked about. Called with the list of its resources. */}}
{{- define "countersign.custody.match" -}}
matchPolicy: Equivalent
resourceRules:
- apiGroups: [countersign.dev]
  apiVersions: [v1alpha1]
  operations: [CREATE, UPDATE, DELETE]
  resources: [{{ join ", " . }}]
  scope: Namespaced
{{- end }}

{{/* Variables of every policy on one of our kinds. */}}
{{- define "countersign.custody.variables" -}}
- name: act
  expression: "request.?subResource.orValue('') == '' ? request.operation : 'STATUS'"
- name: caller
  expression: request.userInfo.username
- name: place
  expression: request.namespace
- name: person # system: names sign, grant, withdraw and administer nothing
  expression: "!variables.caller.startsWith('system:')"
- name: operator
  expression: variables.caller == '{{ include "countersign.username" (list . "countersign-operator") }}'
- name: guarded
  expression: "'countersign.dev/guarded' in namespaceObject.metadata.?labels.orValue({})"
- name: namespaceCleanup # a namespace that is deleted takes our objects with it, unless it is guarded
  expression: "variables.caller in {{ include "countersign.cel.list" .Values.controlPlane.namespaceControllers }} && !variables.guarded"
- name: finalizers
  expression: "object == null ? [] : object.metadata.?finalizers.orValue([])"
- name: finalizersBefore
  expression: "oldObject == null ? [] : oldObject.metadata.?finalizers.orValue([])"
- name: owners
  expression: "object == null ? [] : object.metadata.?ownerReferences.orValue([])"
- name: ownersBefore
  expression: "oldObject == null ? [] : oldObject.metadata.?ownerReferences.orValue([])"
- name: garbageCollection # of an object that is being deleted, the garbage collector takes its own finalizers off
  expression: >-
    request.operation == 'UPDATE' && variables.caller in {{ include "countersign.cel.list" .Values.controlPlane.garbageCollectors }}
    && has(oldObject.metadata.deletionTimestamp) && object.spec == oldObject.spec
    && variables.finalizers == variables.finalizersBefore.filter(f, !(f in ['foregroundDeletion', 'orphan']))
{{- end }}

{{/*
Variables that say whether the caller holds a right: named by it, and by no wildcard. `…Held` is what RBAC says; `…AnyVerb` and
`…AnyResource` are canaries, which nobody is given by name. One authorizer check a variable: a check costs a third of what one
expression may spend. Called with (dict "verb" "resource" "namespace" "name"), the last two as CEL.
*/}}
{{- define "countersign.custody.right" -}}
- name: {{ .verb }}Held
  expression: authorizer.group('countersign.dev').resource('{{ .resource }}').namespace({{ .namespace }}).name({{ .name }}).check('{{ .verb }}').allowed()
- name: {{ .verb }}AnyVerb
  expression: authorizer.group('countersign.dev').resource('{{ .resource }}').namespace({{ .namespace }}).name({{ .name }}).check('canary').allowed()
- name: {{ .verb }}AnyResource
  expression: authorizer.group('countersign.dev').resource('canaries').namespace({{ .namespace }}).name({{ .name }}).check('{{ .verb }}').allowed()
{{- end }}

{{/*
The caller must be a person who holds a right by name. Needs the variables of "countersign.custody.right" for that verb. Called with
(dict "rule" "verb" "when"): `when` is the CEL condition under which it is asked. With "programs" true a system identity will do. Further
values are for the text.
*/}}
{{- define "countersign.custody.needs" -}}
{{- if not .programs }}
- expression: "!({{ .when }}) || variables.person"
  messageExpression: {{ include "countersign.denial" (list (printf "%sNeedsPerson" .rule) .) }}
  reason: Forbidden
{{- end }}
- expression: "!({{ .when }}) || variables.{{ .verb }}Held"
  messageExpression: {{ include "countersign.denial" (list (printf "%sRightMissing" .rule) .) }}
  reason: Forbidden
- expression: "!({{ .when }}) || (!variables.{{ .verb }}AnyVerb && !variables.{{ .verb }}AnyResource)"
  messageExpression: {{ include "countersign.denial" (list (printf "%sOnlyByWildcard" .rule) .) }}
  reason: Forbidden
{{- end }}

{{/* The stamp is the caller. Called with the field of spec. The CRD has checked that username is there; uid and groups have defaults. */}}
{{- define "countersign.custody.stamp" -}}
- expression: >-
    variables.act != 'CREATE' || (
    object.spec.{{ . }}.username == variables.caller
    && object.spec.{{ . }}.?uid.orValue('') == request.userInfo.?uid.orValue('')
    && object.spec.{{ . }}.?groups.orValue([]) == request.userInfo.?groups.orValue([]))
  messageExpression: {{ include "countersign.denial" (list "StampIsCaller" (dict "field" .)) }}
  reason: Forbidden
{{- end }}

{{/* Status is written by the operator only. */}}
{{- define "countersign.custody.status" -}}
- expression: "variables.act != 'STATUS' || variables.operator"
  messageExpression: {{ include "countersign.denial" (list "StatusByOperator") }}
  reason: Forbidden
{{- end }}

{{/* Owners and finalizers decide when an object goes. Called with the CEL expression for who may set them, '' for nobody. */}}
{{- define "countersign.custody.lifetime" -}}
- expression: "!(variables.act in ['CREATE', 'UPDATE']) || {{ with . }}{{ . }} || {{ end }}variables.owners == variables.ownersBefore"
  messageExpression: {{ include "countersign.denial" (list "NoForgedOwners") }}
  reason: Forbidden
- expression: >-
    !(variables.act in ['CREATE', 'UPDATE']) || {{ with . }}{{ . }} || {{ end }}variables.finalizers == variables.finalizersBefore
    || variables.garbageCollection
  messageExpression: {{ include "countersign.denial" (list "NoForgedFinalizers") }}
  reason: Forbidden
{{- end }}

{{/* Spec never changes. The CRD says so too, but its rule misses renamed keys of free-form fields. Called with what to do instead. */}}
{{- define "countersign.custody.frozenSpec" -}}
- expression: "variables.act != 'UPDATE' || object.spec == oldObject.spec"
  messageExpression: {{ include "countersign.denial" (list "SpecNeverChanges" (dict "instead" .)) }}
  reason: Forbidden
{{- end }}

{{/* Labels and annotations never change either. Called with the CEL expression for who is exempt, '' for nobody. */}}
{{- define "countersign.custody.frozenMetadata" -}}
- expression: >-
    variables.act != 'UPDATE' || {{ with . }}{{ . }} || {{ end }}(
    object.metadata.?labels.orValue({}) == oldObject.metadata.?labels.orValue({})
    && object.metadata.?annotations.orValue({}) == oldObject.metadata.?annotations.orValue({}))
  messageExpression: {{ include "countersign.denial" (list "MetadataNeverChanges") }}
  reason: Forbidden
{{- end }}

{{/*
Nobody deletes a record: the chain of entries verifies without its newest ones, so that only what is never deleted is known to be whole. A
namespace that is deleted takes its records along, unless it is guarded.
*/}}
{{- define "countersign.custody.kept" -}}
- expression: "variables.act != 'DELETE' || variables.namespaceCleanup"
  messageExpression: {{ include "countersign.denial" (list "RecordKept") }}
  reason: Forbidden
{{- end }}

{{/* The binding of a policy to everything that it matches. Called with (list $ "policy name"). */}}
{{- define "countersign.custody.binding" -}}
---
apiVersion: admissionregistration.k8s.io/v1
kind: ValidatingAdmissionPolicyBinding
metadata:
  name: {{ index . 1 }}
  labels:
    {{- include "countersign.labels" (index . 0) | nindent 4 }}
spec:
  policyName: {{ index . 1 }}
  validationActions: [Deny, Audit]
{{- end }}
