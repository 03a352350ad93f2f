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

/** Everything that the objects refer to and that is not among them, in alphabetical order. */
export const dependenciesOf = (s: CandidateSnapshot, objects: readonly BundleObject[]): readonly Dependency[] => {
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
        required: need.required || known?.required === true,
        by: known === undefined || known.by.includes(by) ? (known?.by ?? [by]) : [...known.by, by],
      });
    }
  }
  return [...found]
    .toSorted(([a], [b]) => Number(a > b) - Number(a < b))
    .slice(0, mostDependencies)
    .map(([, each]) => ({ ...each, by: each.by.slice(0, mostNamed) }));
};

/** For signers: what it needs, and whose that is. */
export const dependencyLines = (s: CandidateSnapshot, dependencies: readonly Dependency[]): readonly string[] =>
  dependencies.map((each) => {
    const where = each.namespace === '' ? '' : ` in namespace ${each.namespace}`;
    return `${objectNamed(keyOf(each))}${where}: ${standingOf(s, each).text}; for ${each.by.map(objectNamed).join(', ')}`;
  });

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
