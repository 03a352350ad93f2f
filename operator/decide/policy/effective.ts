/** What counts in a namespace: of each field what is as tight as its own policy and the template that it inherits. */
import type { ClusterReleasePolicy, ClusterReleasePolicySpec } from '../../api/cluster-policy.ts';
import { policyName } from '../../api/kinds.ts';
import type { ReleasePolicy, ReleasePolicySpec } from '../../api/policy.ts';
import { type InheritanceProblem, type JudgedPolicy, templateMissing } from '../inherited.ts';
import { compared, optional, type Comparison, type Order } from './strictness/order.ts';
import { comparedField, policyFields, strictness, type PolicyField } from './strictness/strictness.ts';

/** What widens what may happen: while it is not known what may be widened, nothing is. */
const widening = ['exceptions', 'expedited', 'emergency'] as const;

const orderOf = (
  field: PolicyField,
): { order: Order<unknown>; tighter: string; isReadByApiServer: boolean } | undefined => {
  const row = strictness[field];
  if ('free' in row) return undefined;
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the row of this field judges values of this field
  return { ...row, order: row.order as Order<unknown>, isReadByApiServer: row.isReadByApiServer === true };
};

const said = (template: ClusterReleasePolicySpec, field: PolicyField): unknown =>
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a field that templates do not have is undefined
  (template as Partial<Record<PolicyField, unknown>>)[field];

const shell = (text: string): string => `'${text.replaceAll("'", `'"'"'`)}'`;

interface Met {
  /** undefined = the field is absent. */
  readonly value: unknown;
  readonly problem?: InheritanceProblem;
}

const patched = (namespace: string, field: PolicyField, value: unknown): string =>
  `kubectl patch relpol ${policyName} -n ${namespace} --type=merge -p ${shell(JSON.stringify({ spec: { [field]: value } }))}`;

/** What counts of one field. */
const meet = (own: ReleasePolicy, template: ClusterReleasePolicy, field: PolicyField): Met => {
  const [mine, theirs, row] = [own.spec[field], said(template.spec, field), orderOf(field)];
  if (row === undefined || theirs === undefined) return { value: mine };
  const order = optional(row.order);
  const { name } = template.metadata;
  const { namespace } = own.metadata;
  const both = order.meet(theirs, mine);
  if (both === undefined) {
    return {
      value: mine,
      problem: {
        field,
        reason: 'NothingInCommon',
        message: `spec.${field} of the policy of ${namespace} and of ClusterReleasePolicy ${name} have no common value that is as tight as both (tighter is: ${row.tighter})`,
        remedy: `A platform admin gives it a value that is: kubectl get clusterreleasepolicy ${name} -o jsonpath={.spec.${field}}; kubectl edit relpol ${policyName} -n ${namespace}`,
      },
    };
  }
  if (!row.isReadByApiServer || order.isAsTight(mine, theirs)) return { value: both.value };
  return {
    value: both.value,
    problem: {
      field,
      reason: 'LooserThanTemplate',
      message: `spec.${field} of the policy of ${namespace} is looser than in ClusterReleasePolicy ${name} (tighter is: ${row.tighter}), and the API server reads it from the policy itself`,
      remedy: `A platform admin tightens it: ${patched(namespace, field, both.value)}`,
    },
  };
};

/** The policy as it counts. @param template what it names in spec.inherits; undefined = that is not there, or cannot be read */
export const effectivePolicy = (own: ReleasePolicy, template: ClusterReleasePolicy | undefined): JudgedPolicy => {
  const { inherits } = own.spec;
  if (inherits === undefined) return own;
  const met = policyFields.map(
    (field) => [field, template === undefined ? { value: own.spec[field] } : meet(own, template, field)] as const,
  );
  const problems =
    template === undefined
      ? [templateMissing(own)]
      : met.flatMap(([, { problem }]: readonly [PolicyField, Met]) => problem ?? []);
  const absent: readonly PolicyField[] = problems.length > 0 ? widening : (template?.spec.forbids ?? []);
  const present = met.filter(([field, { value }]) => value !== undefined && !absent.includes(field));
  return {
    ...own,
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- each field has a value of its own order
    spec: Object.fromEntries(present.map(([field, { value }]) => [field, value])) as unknown as ReleasePolicySpec,
    inherited: { template: inherits, version: template?.metadata.resourceVersion ?? '', own: own.spec, problems },
  };
};

/** Whether a field is as tight as it was. */
export const isTightened = (field: PolicyField, before: ReleasePolicySpec, after: ReleasePolicySpec): boolean =>
  ['tighter', 'equal'].includes(comparedField(field, before[field], after[field]));

/** A field of a template that another one says otherwise. */
export interface TemplateChange {
  readonly field: PolicyField | 'forbids';
  readonly is: Comparison;
  readonly tighter: string;
}

/** A freeze that is over asks for nothing any more. */
const withoutPast = (spec: ClusterReleasePolicySpec, now: number): ClusterReleasePolicySpec =>
  spec.freezes === undefined ? spec : { ...spec, freezes: spec.freezes.filter(({ to }) => !(Date.parse(to) <= now)) };

/** Fields of a template that are not the same, seen from before. What a template does not say it does not ask for. */
export const templateChanges = (
  before: ClusterReleasePolicySpec,
  after: ClusterReleasePolicySpec,
  now: number,
): readonly TemplateChange[] => {
  const [old, next] = [withoutPast(before, now), withoutPast(after, now)];
  const fields = policyFields.flatMap((field): readonly TemplateChange[] => {
    const row = orderOf(field);
    if (row === undefined) return [];
    const { isAsTight, meet: both } = row.order;
    // Absence is no word of a template, whatever it means in a policy.
    return [
      {
        field,
        is: compared(optional({ isAsTight, meet: both }), said(old, field), said(next, field)),
        tighter: row.tighter,
      },
    ];
  });
  const forbids: Order<readonly string[]> = {
    isAsTight: (a, b) => b.every((each) => a.includes(each)),
    meet: (a, b) => ({ value: [...new Set([...a, ...b])] }),
  };
  const is = compared(forbids, old.forbids ?? [], next.forbids ?? []);
  return [...fields, { field: 'forbids' as const, is, tighter: 'more of them' }].filter((each) => each.is !== 'equal');
};
