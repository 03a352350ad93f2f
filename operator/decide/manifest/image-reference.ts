/** Image references, read strictly: what another reader might take differently is not pinned. */

const pinnedDigest = /^sha256:[0-9a-f]{64}$/;
const host = /^[A-Za-z0-9](?:[A-Za-z0-9.-]{0,253}[A-Za-z0-9])?(?::[0-9]{1,5})?$/;
const bracketedHost = /^\[[0-9A-Fa-f:]{2,39}\](?::[0-9]{1,5})?$/;
const pathComponent = /^[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*$/;
const tag = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}$/;

/** Longest repository name of the distribution specification. */
const longestName = 255;

/** Is the first part of a name a registry, and not a folder? As container runtimes tell them apart. */
const isRegistry = (part: string): boolean => /[.:[\]A-Z]/.test(part) || part === 'localhost';

const isName = (name: string): boolean => {
  const parts = name.split('/');
  const [first = '', ...rest] = parts;
  const registry = rest.length > 0 && isRegistry(first);
  return (
    name.length <= longestName &&
    (!registry || host.test(first) || bracketedHost.test(first)) &&
    (registry ? rest : parts).every((part) => pathComponent.test(part))
  );
};

/** The name and the tag: a colon after the last slash begins a tag, one before it a port. */
const splitTag = (named: string): readonly [name: string, tag: string | undefined] => {
  const colon = named.lastIndexOf(':');
  return colon > named.lastIndexOf('/') ? [named.slice(0, colon), named.slice(colon + 1)] : [named, undefined];
};

/**
 * Is it `[registry/]repository[:tag]@sha256:<64 lower-case hexadecimal digits>` and nothing else, by the grammar of
 * https://github.com/distribution/reference? With a digest the tag is not looked at by any runtime.
 */
export const isPinned = (reference: string): boolean => {
  const [named = '', digest = '', ...more] = reference.split('@');
  const [name, tagged] = splitTag(named);
  return more.length === 0 && pinnedDigest.test(digest) && isName(name) && (tagged === undefined || tag.test(tagged));
};

/** A reference without a registry is one of Docker Hub, and there a name without a folder is an official image. */
const withRegistry = (name: string): string => {
  const [first = '', ...rest] = name.split('/');
  if (rest.length === 0) return `docker.io/library/${name}`;
  if (first === 'index.docker.io') return `docker.io/${rest.join('/')}`;
  return isRegistry(first) ? name : `docker.io/${name}`;
};

/** The repository that a reference names, with its registry and without tag and digest. */
export const repositoryOf = (reference: string): string => withRegistry(splitTag(reference.split('@')[0] ?? '')[0]);

/** What runtimes that go by the name of Docker write before an `imageID` that a registry knows. */
const pullable = 'docker-pullable://';

/**
 * The registry digest in the `imageID` that a kubelet reports for a container of `reference`. undefined: it names none of that repository, as for an
 * image that was built or loaded on the node (`sha256:…` alone, `docker://sha256:…`, the name of an import): nobody could pull it by that.
 */
export const digestOfRun = (imageID: string, reference: string): string | undefined => {
  const named = imageID.startsWith(pullable) ? imageID.slice(pullable.length) : imageID;
  return isPinned(named) && repositoryOf(named) === repositoryOf(reference)
    ? named.slice(named.lastIndexOf('@') + 1)
    : undefined;
};

/** The reference with the digest behind it; undefined = together they are no reference that is pinned. */
export const pinnedTo = (reference: string, digest: string): string | undefined => {
  const pinned = `${reference}@${digest}`;
  return isPinned(pinned) ? pinned : undefined;
};
