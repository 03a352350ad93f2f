/** Where a release names the staging namespace, each place with the operation of an overlay that names production instead. */
import type { BundleObject, StagingReference } from '../bundle.ts';
import { isNamedCredential, pieces } from '../delta/redact.ts';
import type { CandidateSnapshot } from '../gates/snapshot.ts';
import { formatPath, type Path } from '../json/field-path.ts';
import { type FoundName, stagingNamesIn } from '../manifest/staging-references.ts';
import { hostsServedBy } from '../manifest/served-hosts.ts';

/** A bundle has room for so many; the last one says how many more there are. */
const mostReferences = 200;
/** Of what is found, and of a text that a remedy repeats. */
const longestFound = 256;
const longestValue = 1_000;

/** In the order of the objects. */
export const stagingReferencesOf = (
  s: CandidateSnapshot,
  objects: readonly BundleObject[],
): readonly StagingReference[] => {
  const { services, stagingHosts, productionHosts } = s.hosts();
  const own = new Set([...productionHosts, ...objects.flatMap(({ content }) => hostsServedBy(content))]);
  const names = {
    namespace: s.candidate.metadata.namespace,
    target: s.candidate.spec.targetNamespace,
    services,
    hosts: stagingHosts.filter((host) => !own.has(host)),
  };
  const all = objects.flatMap(({ ref, content }) =>
    stagingNamesIn(content, names).map((found): StagingReference => ({
      ...ref,
      path: formatPath(found.path).slice(0, 4_000),
      found: found.found.slice(0, longestFound),
      fix: operation(found),
    })),
  );
  const [last] = all.slice(mostReferences - 1);
  return last === undefined || all.length === mostReferences
    ? all
    : [
        ...all.slice(0, mostReferences - 1),
        { ...last, found: `${last.found}, and ${all.length - mostReferences} more places`, fix: '' },
      ];
};

/** Between a user and a host: a password. */
const login = /\/\/[^/\s:@]*:[^@\s/]+@/;

/** '' = people have to write it: nobody knows the name in production, or the whole text is too long or too secret to be repeated. */
const operation = ({ path, value, fixed }: FoundName): string => {
  const isShown =
    fixed !== undefined &&
    fixed.length <= longestValue &&
    !isNamedCredential(path) &&
    !login.test(value) &&
    value.split('\n').every((line) => !pieces(line).includes(undefined));
  return isShown ? `{op: replace, path: ${JSON.stringify(pointer(path))}, value: ${JSON.stringify(fixed)}}` : '';
};

/** RFC 6901. */
const pointer = (path: Path): string =>
  path
    .map((step) => {
      if ('match' in step) return '';
      return `/${'index' in step ? step.index : step.field.replaceAll('~', '~0').replaceAll('/', '~1')}`;
    })
    .join('');
