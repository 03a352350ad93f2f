/** What a release needs of production: found when its content is frozen, and told with who has it. */
import type { BundleObject, Dependency } from '../bundle.ts';
import type { CandidateSnapshot } from '../gates/snapshot.ts';
import { standingOf } from '../gates/content/dependencies-present.ts';
import { needsOf } from '../manifest/dependencies.ts';
import { kindRow } from '../manifest/kinds/index.ts';
import { at, textAt } from '../json/json.ts';
import { objectNamed } from '../messages.ts';
import { keyOf } from '../objects.ts';

/** A bundle has room for so many, and names so many objects for each. */
const mostDependencies = 500;
const mostNamed = 10;

/** What a bundle says of them. */
export interface Dependencies {
  /** In alphabetical order. */
  readonly dependencies: readonly Dependency[];
  /** How many more there are, of which none is required unless all that are named are. */
  readonly dependenciesLeftOut: number;
}

/** Everything that the objects refer to and that is not among them, as far as there is room: what is required before what is only told. */
export const dependenciesOf = (s: CandidateSnapshot, objects: readonly BundleObject[]): Dependencies => {
  const { services, productionServices } = s.hosts();
  const names = {
    namespace: s.candidate.spec.targetNamespace,
    services: new Set([...services, ...productionServices]),
  };
  const own = new Set(objects.map(({ ref }) => keyOf(ref)));
  const found = new Map<string, Dependency>();
  for (const { ref, content } of objects) {
    for (const { namespace, ...need } of needsOf(content, names)) {
      if (namespace === '' && own.has(keyOf(need))) continue;
      if (kindRow(need)?.inEveryNamespace?.includes(need.name) === true) continue;
      const key = `${keyOf(need)} ${namespace}`;
      const known = found.get(key);
      const by = keyOf(ref);
      found.set(key, {
        ...need,
        namespace,
        byLeftOut: 0,
        required: need.required || known?.required === true,
        by: known === undefined || known.by.includes(by) ? (known?.by ?? [by]) : [...known.by, by],
      });
    }
  }
  const sorted = [...found].toSorted(([a], [b]) => Number(a > b) - Number(a < b)).map(([, each]) => each);
  const taken = new Set(sorted.toSorted((a, b) => Number(b.required) - Number(a.required)).slice(0, mostDependencies));
  return {
    dependencies: sorted
      .filter((each) => taken.has(each))
      .map((each) => ({
        ...each,
        by: each.by.slice(0, mostNamed),
        byLeftOut: Math.max(0, each.by.length - mostNamed),
      })),
    dependenciesLeftOut: sorted.length - taken.size,
  };
};

/** For signers: what it needs, and whose that is. */
export const dependencyLines = (
  s: CandidateSnapshot,
  { dependencies, dependenciesLeftOut: more }: Dependencies,
): readonly string[] => [
  ...dependencies.map((each) => {
    const where = each.namespace === '' ? '' : ` in namespace ${each.namespace}`;
    return `${objectNamed(keyOf(each))}${where}: ${standingOf(s, each).text}; for ${each.by.map(objectNamed).join(', ')}${each.byLeftOut === 0 ? '' : ` and ${each.byLeftOut} more`}`;
  }),
  ...(more === 0 ? [] : [`${more} more, for which a bundle has no room; look at the content for what it names`]),
];

/** For signers: Services of the release whose traffic goes where nothing in the release says. */
export const withoutSelector = (objects: readonly BundleObject[]): readonly string[] =>
  objects
    .filter(
      ({ ref, content }) =>
        ref.kind === 'Service' &&
        at(content, 'spec', 'selector') === undefined &&
        textAt(content, 'spec', 'type') !== 'ExternalName',
    )
    .map(
      ({ ref }) =>
        `endpoints of Service ${ref.name}: it has no selector, and nothing in this release gives it any; somebody else keeps them in production`,
    );
