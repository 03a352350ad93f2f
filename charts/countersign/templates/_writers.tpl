{{/*
What the stamp on staged objects and the policy that checks it have in common (docs/adr/0014). The record is the annotation
countersign.dev/writers: a line for everybody who changed the object, `<position> <username>`, the last to change it last. The position is
the resourceVersion of the object that was changed, 0 for who created it. In a username % is written %25 and a line break %0A; nothing
else can be mistaken for what separates lines. The username `%` alone stands for people whom nobody recorded.

Of what can be scaled, the first line is `<replicas> %replicas`: how many those people wrote. A write to /scale carries no annotations, so
that replicas which differ are an autoscaler's, and who changes something else does not answer for them.
*/}}

{{/* The objects whose writers are recorded. Metadata can be changed through /status too. */}}
{{- define "countersign.writers.match" -}}
matchPolicy: Equivalent
namespaceSelector:
  matchLabels:
    countersign.dev/staging: "true"
{{ include "countersign.writers.rules" . }}
{{- end }}

{{/* The same objects in every other namespace. */}}
{{- define "countersign.writers.elsewhere" -}}
matchPolicy: Equivalent
namespaceSelector:
  matchExpressions:
  - key: countersign.dev/staging
    operator: NotIn
    values: ["true"]
{{ include "countersign.writers.rules" . }}
{{- end }}

{{- define "countersign.writers.carried" -}}
- name: carries-a-record
  expression: "has(object.metadata.annotations) && 'countersign.dev/writers' in object.metadata.annotations"
{{- end }}

{{- define "countersign.writers.rules" -}}
resourceRules:
{{- range include "countersign.promotable" . | fromJsonArray }}
- apiGroups: [{{ .group | quote }}]
  apiVersions: ["*"]
  operations: [CREATE, UPDATE]
  resources: [{{ join ", " .resources }}, {{ join "/status, " .resources }}/status]
  scope: Namespaced
{{- end }}
{{- end }}

{{/*
Content is what a release could take, and what decides whether it takes the object: everything but status and metadata, and of metadata
the labels, annotations and owners. Typed objects are asked as dyn, because one policy asks all kinds.
*/}}
{{- define "countersign.writers.variables" -}}
- name: username
  expression: request.userInfo.username
- name: annotations
  expression: object.metadata.?annotations.orValue({})
- name: annotationsBefore
  expression: "oldObject == null ? {} : oldObject.metadata.?annotations.orValue({})"
- name: record
  expression: variables.annotations[?'countersign.dev/writers'].orValue('')
- name: recordBefore
  expression: variables.annotationsBefore[?'countersign.dev/writers'].orValue('')
- name: sameFields
  expression: >-
    dyn(object).all(f, f in ['metadata', 'status'] || (f in dyn(oldObject) && dyn(object)[f] == dyn(oldObject)[f]))
    && dyn(oldObject).all(f, f in ['metadata', 'status'] || f in dyn(object))
{{- $custom := list }}
{{- range (include "countersign.guard" . | fromJson).topics.custom }}{{ $custom = append $custom (printf "%s.%s" .resource .group) }}{{ end }}
- name: controller # it writes for somebody who is recorded, or nothing that a person decides; of custom resources its books, in metadata
  expression: >-
    variables.username in {{ include "countersign.cel.list" (concat .Values.controlPlane.garbageCollectors .Values.controlPlane.controllers .Values.controlPlane.rolloutControllers) }}
    || (variables.username in {{ include "countersign.cel.list" .Values.controlPlane.customControllers }} && oldObject != null
    && request.resource.resource + '.' + request.resource.group in {{ include "countersign.cel.list" $custom }} && variables.sameFields)
- name: sameMetadata
  expression: >-
    object.metadata.?labels.orValue({}) == oldObject.metadata.?labels.orValue({})
    && object.metadata.?ownerReferences.orValue([]) == oldObject.metadata.?ownerReferences.orValue([])
    && variables.annotations.all(a, a == 'countersign.dev/writers' || (a in variables.annotationsBefore && variables.annotations[a] == variables.annotationsBefore[a]))
    && variables.annotationsBefore.all(a, a == 'countersign.dev/writers' || a in variables.annotations)
- name: changed # a creation changes everything
  expression: "oldObject == null || !(variables.sameFields && variables.sameMetadata)"
- name: whole # sent as it is, by somebody who thereby answers for all of it
  expression: "!variables.changed && request.?subResource.orValue('') == ''"
- name: line
  expression: >-
    (oldObject == null ? '0' : oldObject.metadata.resourceVersion) + ' '
    + variables.username.replace('%', '%25').replace('\n', '%0A')
- name: replicas # '' for what cannot be scaled
  expression: "dyn(object).?spec.?replicas.optMap(r, string(r) + ' %replicas').orValue('')"
- name: replicasBefore
  expression: "oldObject == null ? '' : dyn(oldObject).?spec.?replicas.optMap(r, string(r) + ' %replicas').orValue('')"
- name: replicasRecorded
  expression: >-
    variables.recordBefore.split('\n')[0].endsWith(' %replicas') ? variables.recordBefore.split('\n')[0] : ''
- name: replicasWithCaller
  expression: >-
    variables.replicasRecorded == '' || (variables.replicas != variables.replicasBefore && request.?subResource.orValue('') == '')
    ? variables.replicas : variables.replicasRecorded
- name: linesBefore # an object that is older than its record was written by people whom nobody recorded
  expression: "variables.recordBefore != '' ? variables.recordBefore.split('\\n').filter(l, !l.endsWith(' %replicas')) : (oldObject == null ? [] : ['0 %'])"
- name: lines # the caller moves to the end
  expression: >-
    variables.linesBefore.filter(l, l.substring(l.indexOf(' ') + 1) != variables.line.substring(variables.line.indexOf(' ') + 1))
    + [variables.line]
- name: recordWithCaller
  expression: >-
    ((variables.replicasWithCaller == '' ? [] : [variables.replicasWithCaller]) + variables.lines).join('\n')
- name: recordAnswered # the same without the unknown people, and for the replicas that there are
  expression: >-
    ((variables.replicas == '' ? [] : [variables.replicas]) + variables.lines.filter(l, l != '0 %')).join('\n')
{{- end }}
