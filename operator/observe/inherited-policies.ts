/** Policies as decisions read them: with what each inherits. What changes a template changes every policy that inherits it. */
import { type ClusterReleasePolicy, parseClusterReleasePolicy } from '../api/cluster-policy.ts';
import type { Parsed } from '../api/parse.ts';
import { parseReleasePolicy, type ReleasePolicy } from '../api/policy.ts';
import type { JudgedPolicy } from '../decide/inherited.ts';
import { effectivePolicy } from '../decide/policy/effective.ts';
import type { FamilySpec, ReflectorFamily } from '../kube/reflectors.ts';
import type { KubeObject } from '../kube/resource.ts';
import { ourResource } from '../kube/rows.ts';
import type { Change, ChangeHandler } from '../kube/store.ts';

type Template = ClusterReleasePolicy | undefined;

/** By the policy as it is stored: with which template it was judged last, and what came of it. */
const judged = new WeakMap<ReleasePolicy, { readonly template: Template; readonly policy: JudgedPolicy }>();

const judgedWith = (own: ReleasePolicy, template: Template): JudgedPolicy => {
  const known = judged.get(own);
  if (known !== undefined && known.template === template) return known.policy;
  const policy = effectivePolicy(own, template);
  judged.set(own, { template, policy });
  return policy;
};

const changed = <T, U>({ old, new: now }: Change<T>, as: (value: T) => U): Change<U> => ({
  ...(old === undefined ? {} : { old: as(old) }),
  ...(now === undefined ? {} : { new: as(now) }),
});

class InheritedPolicies {
  /** As they are stored. */
  readonly own: ReflectorFamily<ReleasePolicy>;
  readonly templates: ReflectorFamily<ClusterReleasePolicy>;

  /** @param own with index `inherits` */
  constructor(own: ReflectorFamily<ReleasePolicy>, templates: ReflectorFamily<ClusterReleasePolicy>) {
    this.own = own;
    this.templates = templates;
  }

  hold(): void {
    this.own.hold();
    this.templates.hold();
  }

  /** The copy, while it is held. */
  in() {
    const copy = this.own.in();
    const as = (policy: ReleasePolicy): JudgedPolicy => this.#withTemplate(policy);
    return (
      copy && {
        get: (key: string): JudgedPolicy | undefined => {
          const found = copy.get(key);
          return found && as(found);
        },
        list: (): readonly JudgedPolicy[] => copy.list().map(as),
        byIndex: (index: string, key: string): readonly JudgedPolicy[] => copy.byIndex(index, key).map(as),
        countBy: (index: string, key: string): number => copy.countBy(index, key),
        isSynced: (): boolean => copy.isSynced() && this.templates.in()?.isSynced() === true,
      }
    );
  }

  /** Folds in a policy or a template that was read or written. */
  observed(object: KubeObject): void {
    (object.kind === 'ReleasePolicy' ? this.own : this.templates).observed(object);
  }

  onChange(handler: ChangeHandler<JudgedPolicy>): void {
    this.own.onChange((key, change) =>
      handler(
        key,
        changed(change, (policy) => this.#withTemplate(policy)),
      ),
    );
    this.templates.onChange((name, { old, new: now }) => {
      for (const policy of this.own.in()?.byIndex('inherits', name) ?? []) {
        const key = `${policy.metadata.namespace}/${policy.metadata.name}`;
        handler(key, { old: judgedWith(policy, old), new: judgedWith(policy, now) });
      }
    });
  }

  #withTemplate(policy: ReleasePolicy): JudgedPolicy {
    const { inherits } = policy.spec;
    return inherits === undefined ? policy : judgedWith(policy, this.templates.in()?.get(inherits));
  }
}

/** @param family declares what to reflect @param parsed makes a projection of the reader of a kind */
export const inheritedPolicies = (
  family: <T>(spec: FamilySpec<T>) => ReflectorFamily<T>,
  parsed: <T>(parse: (raw: unknown) => Parsed<T>) => (raw: KubeObject) => T,
): InheritedPolicies =>
  new InheritedPolicies(
    family<ReleasePolicy>({
      resource: ourResource('ReleasePolicy'),
      project: parsed(parseReleasePolicy),
      indexes: { source: ({ spec }) => [spec.sourceNamespace], inherits: ({ spec }) => [spec.inherits ?? ''] },
    }),
    family({ resource: ourResource('ClusterReleasePolicy'), project: parsed(parseClusterReleasePolicy) }),
  );
