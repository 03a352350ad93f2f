/** What a policy asks for more and for less than another one, field by field, looser ones first: in the terminal and on the page. */
import type { Json } from '../../operator/api/meta.ts';
import type { ReleasePolicy } from '../../operator/api/policy.ts';
import type { Comparison } from '../../operator/decide/policy/strictness/order.ts';

type PolicySpec = ReleasePolicy['spec'];

export interface FieldChange {
  /** Such as `spec.soak`. */
  readonly field: string;
  readonly is: Comparison;
  /** What tighter means for it. */
  readonly why: string;
  /** Where in it, and from what to what; undefined = there is nothing. */
  readonly differences: readonly {
    readonly field: string;
    readonly from: Json | undefined;
    readonly to: Json | undefined;
  }[];
}

/** Empty = both say the same in the same words. */
export const fieldChanges = async (before: PolicySpec, after: PolicySpec): Promise<readonly FieldChange[]> => {
  // They load the schemas, for which other commands do not wait.
  const [{ policyChanges }, { strictness }, { formatPath }] = await Promise.all([
    import('../../operator/decide/policy/strictness/changes.ts'),
    import('../../operator/decide/policy/strictness/strictness.ts'),
    import('../../operator/decide/json/field-path.ts'),
  ]);
  return policyChanges(before, after).map(({ field, is, differences }) => {
    const row = strictness[field];
    return {
      field: `spec.${field}`,
      is,
      why: 'free' in row ? `no direction: ${row.free}` : `tighter is: ${row.tighter}`,
      differences: differences.map(({ path, from, to }) => ({ field: formatPath(path), from, to })),
    };
  });
};

export const valueText = (value: unknown): string => (value === undefined ? 'nothing' : JSON.stringify(value));
