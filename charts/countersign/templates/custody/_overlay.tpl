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
  messageExpression: {{ include "countersign.message" (printf "OverlayNotTooMany: {caller} may not %s: spec.overlay holds more than %d values in all patches together. Next: put into the staged objects what is the same in production, leave it out of spec.overlay, and %s" .doing (int $bounds.values) .again) }}
  reason: Forbidden
- expression: "variables.overlay{{ $past }}.all(v, type(v) == map ? false : type(v) != list)"
  messageExpression: {{ include "countersign.message" (printf "OverlayNotTooDeep: {caller} may not %s: a patch in spec.overlay is nested more than %d levels deep, which no kind that can be promoted is. Next: take what is nested so deep out of spec.overlay, and %s" .doing (int $bounds.levels) .again) }}
  reason: Forbidden
- expression: "variables.overlayAll.all(v, type(v) == list ? size(v) <= {{ $bounds.items }} : true)"
  messageExpression: {{ include "countersign.message" (printf "OverlayNotTooLong: {caller} may not %s: a list of a patch in spec.overlay has more than %d items. Next: put the list into the staged object, leave it out of spec.overlay, and %s" .doing (int $bounds.items) .again) }}
  reason: Forbidden
- expression: >-
    variables.overlayAll.map(v, type(v) == string ? size(v) : type(v) == map ? v.map(k, size(k)).sum() : 0).sum() <= {{ int $bounds.characters }}
  messageExpression: {{ include "countersign.message" (printf "OverlayNotTooLarge: {caller} may not %s: names and texts in spec.overlay have more than %d characters together. Next: put large texts into staged ConfigMaps of their own, leave them out of spec.overlay, and %s" .doing (int $bounds.characters) .again) }}
  reason: Forbidden
- expression: "variables.overlays.all(o, !has(o.jsonPatch) || o.jsonPatch.all(p, (p.op in ['add', 'replace', 'test']) == has(p.value)))"
  messageExpression: {{ include "countersign.message" (printf "OverlayOperationWhole: {caller} may not %s: in spec.overlay, an operation of jsonPatch lacks value, or has one that it does not take. Next: write value with add, replace and test, and with nothing else, and %s" .doing .again) }}
  reason: Forbidden
{{- end }}
