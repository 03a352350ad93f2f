{{- /*
What an overlay may hold, of a candidate or of a policy: the schema cannot say it of fields that it does not know. The same figures are in
operator/api/overlay.ts.
*/}}
{{- define "countersign.custody.overlayBounds" -}}
{levels: 20, values: 2000, items: 1000, characters: 1000000}
{{- end }}

{{- /* Variables: level by level what the patches hold, and how many values all levels so far hold. Past the bound no further level is looked at. Argument: when it is looked at. */}}
{{- define "countersign.custody.overlayVariables" -}}
{{- $bounds := include "countersign.custody.overlayBounds" . | fromYaml }}
{{- $levels := int $bounds.levels }}
{{- $all := list }}
{{- range untilStep 1 (int (add $levels 2)) 1 }}{{ $all = append $all (printf "variables.overlay%d" .) }}{{ end -}}
- name: overlays
  expression: "{{ . }} ? dyn(object).spec.?overlay.orValue([]) : []"
- name: overlay1
  expression: "variables.overlays.map(o, has(o.patch) ? dyn(o.patch) : has(o.jsonPatch) ? dyn(o.jsonPatch) : dyn([]))"
- name: values1
  expression: size(variables.overlay1)
{{- range $level := untilStep 2 (int (add $levels 2)) 1 }}
- name: values{{ $level }}
  expression: >-
    variables.values{{ sub $level 1 }} + variables.overlay{{ sub $level 1 }}.map(v, type(v) == map ? size(v) : type(v) == list ? size(v) : 0).sum()
- name: overlay{{ $level }}
  expression: >-
    variables.values{{ $level }} > {{ $bounds.values }} ? []
    : variables.overlay{{ sub $level 1 }}.map(v, type(v) == map ? v.map(k, v[k]) : type(v) == list ? v : []).flatten()
{{- end }}
- name: overlayAll
  expression: {{ join " + " $all }}
{{- end }}

{{- /* Validations. Arguments: what the caller wants (doing), and how it is tried again (again). */}}
{{- define "countersign.custody.overlayValidations" -}}
{{- $bounds := include "countersign.custody.overlayBounds" . | fromYaml }}
{{- $past := add1 (int $bounds.levels) }}
- expression: variables.values{{ $past }} <= {{ $bounds.values }}
  messageExpression: {{ include "countersign.denial" (list "OverlayNotTooMany" (merge (dict "most" (int $bounds.values)) .)) }}
  reason: Forbidden
- expression: "variables.overlay{{ $past }}.all(v, type(v) == map ? false : type(v) != list)"
  messageExpression: {{ include "countersign.denial" (list "OverlayNotTooDeep" (merge (dict "most" (int $bounds.levels)) .)) }}
  reason: Forbidden
- expression: "variables.overlayAll.all(v, type(v) == list ? size(v) <= {{ $bounds.items }} : true)"
  messageExpression: {{ include "countersign.denial" (list "OverlayNotTooLong" (merge (dict "most" (int $bounds.items)) .)) }}
  reason: Forbidden
- expression: >-
    variables.overlayAll.map(v, type(v) == string ? size(v) : type(v) == map ? v.map(k, size(k)).sum() : 0).sum() <= {{ int $bounds.characters }}
  messageExpression: {{ include "countersign.denial" (list "OverlayNotTooLarge" (merge (dict "most" (int $bounds.characters)) .)) }}
  reason: Forbidden
- expression: "variables.overlays.all(o, !has(o.jsonPatch) || o.jsonPatch.all(p, (p.op in ['add', 'replace', 'test']) == has(p.value)))"
  messageExpression: {{ include "countersign.denial" (list "OverlayOperationWhole" .) }}
  reason: Forbidden
{{- end }}
