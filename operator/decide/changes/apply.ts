/** How a change is applied to the policy: what is written, and whether that was done. */
import { appliedChangeAnnotation, changedAloneAnnotation } from '../../api/kinds.ts';
import { jsonObject, type JsonObject } from '../../api/meta.ts';
import type { PolicyChange } from '../../api/policy-change.ts';
import type { ReleasePolicy } from '../../api/policy.ts';
import type { NamespaceRecord } from '../record/record.ts';

/** Steps of a JSON patch. */
export type Patch = readonly JsonObject[];

/** The spec of the change for that of the policy as it was read, and no other: with another uid or version it is a conflict. */
export const policyPatch = ({ metadata, spec }: PolicyChange, policy: ReleasePolicy): Patch => {
  const { uid, resourceVersion, annotations = {} } = policy.metadata;
  const { [changedAloneAnnotation]: _, ...kept } = annotations;
  return [
    { op: 'replace', path: '/metadata/uid', value: uid },
    { op: 'replace', path: '/metadata/resourceVersion', value: resourceVersion },
    { op: 'add', path: '/metadata/annotations', value: { ...kept, [appliedChangeAnnotation]: metadata.name } },
    { op: 'replace', path: '/spec', value: jsonObject(JSON.parse(JSON.stringify(spec.policy))) },
  ];
};

/** Whether the policy was changed to it: the policy says so of the last one, and the record of those before. */
export const isApplied = (
  { metadata }: PolicyChange,
  policy: ReleasePolicy | undefined,
  { policyActs }: Pick<NamespaceRecord, 'policyActs'>,
): boolean =>
  policy?.metadata.annotations?.[appliedChangeAnnotation] === metadata.name || policyActs.applied.has(metadata.uid);
