/** Has production everything else that the content refers to: accounts, claims, classes, Services behind an Ingress? */
import type { Dependency } from '../../bundle.ts';
import { kindRow } from '../../manifest/kinds/index.ts';
import { argumentFor, listed, objectNamed } from '../../messages.ts';
import { keyOf, type ObjectKey } from '../../objects.ts';
import { blocked, defineGate, type Facts, passed } from '../gate.ts';
import { newCandidate } from '../remedies.ts';
import type { CandidateSnapshot } from '../snapshot.ts';

const reads = ['candidate', 'target', 'bundle', 'live', 'claims', 'classes'] as const;
type Seen = Facts<typeof reads>;

/** Whether a thing is there, as far as it can be told; undefined = nobody looks at its kind, or at its namespace. */
interface Standing {
  readonly isThere: boolean | undefined;
  readonly text: string;
}

/** Whose a dependency is. What the release itself drops counts as missing. */
export const standingOf = (
  s: Pick<CandidateSnapshot, 'live' | 'claims' | 'classes'>,
  dependency: Dependency,
  dropped: ReadonlySet<ObjectKey> = new Set(),
): Standing => {
  if (dependency.namespace !== '') return { isThere: undefined, text: 'not looked at' };
  const isThere = s.classes(dependency.kind, dependency.name);
  if (isThere !== undefined) return { isThere, text: isThere ? 'of the cluster' : 'missing' };
  const key = keyOf(dependency);
  if (dependency.kind === 'Secret') return { isThere: undefined, text: 'see gate SecretsPresent' };
  if (kindRow(dependency)?.promotable !== true) return { isThere: undefined, text: 'not looked at' };
  if (dropped.has(key)) return { isThere: false, text: 'dropped by this release' };
  const owner = s.claims.get(key);
  if (owner !== undefined) return { isThere: true, text: `of package ${owner}` };
  const live = s.live.get(key);
  return live === undefined || live.deleting
    ? { isThere: false, text: 'missing' }
    : { isThere: true, text: 'in production, of no package' };
};

const named = (each: Dependency): string => `${objectNamed(keyOf(each))} for ${listed(each.by.map(objectNamed))}`;

const classKinds: ReadonlySet<string> = new Set(['StorageClass', 'IngressClass', 'PriorityClass', 'RuntimeClass']);

const remedyFor = (s: Seen, each: Dependency): string =>
  classKinds.has(each.kind)
    ? `A platform admin creates ${objectNamed(keyOf(each))}, or the overlay of a new candidate names one that there is: kubectl get ${each.kind.toLowerCase()}`
    : `Release the package that has ${objectNamed(keyOf(each))} first, and look for it: kubectl get ${argumentFor(keyOf(each))} -n ${s.target.name}. Or: ${newCandidate(s, `that has ${objectNamed(keyOf(each))} among its components`)}`;

const judge = (s: Seen) => {
  const dropped = new Set(s.bundle.removed.map(keyOf));
  const missing = s.bundle.dependencies.filter((each) => standingOf(s, each, dropped).isThere === false);
  const required = missing.filter((each) => each.required);
  if (required.length > 0) {
    return blocked('DependencyMissing', {
      message: `${s.target.name} lacks ${listed(required.map(named))}`,
      remedy: required
        .slice(0, 5)
        .map((each) => remedyFor(s, each))
        .join('. '),
    });
  }
  // What a text seems to name is only told: it may mean something else. ConfigMaps are the question of another gate.
  const told = missing.filter(({ kind }) => kind !== 'ConfigMap');
  return told.length === 0
    ? passed('DependenciesPresent', 'Production has everything that the content refers to')
    : passed('DependenciesTold', `Production has what it must; it seems to lack ${listed(told.map(named))}`);
};

export const dependenciesPresent = defineGate({
  name: 'DependenciesPresent',
  asks: 'Has production the accounts, claims, classes and backends that the content refers to?',
  reads,
  rejudgedAtAdmission:
    'What production holds beside the release was judged a moment before; what is gone since keeps pods from starting, and the release is rolled back.',
  exceptable: 'What the content needs and production lacks is not there by a signature: its pods would fail.',
  judge,
});
