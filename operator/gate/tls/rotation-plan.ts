/**
 * When the gate's certificate is made, trusted, served, replaced and forgotten. Pure: what is stored, what is published and the time, in; the
 * next step, out.
 *
 * A rotation: a new authority and its certificate are stored as `next`; the webhook configuration is made to trust both authorities; when
 * every API server has had time to hear of that, `next` becomes `current` and is served; when every replica has had time to hear of that,
 * the old authority is no longer trusted. Replicas race: each write names the state that it was planned from.
 */
import type { Instant } from '../../decide/objects.ts';
import { isNewer } from '../../kube/resource-version.ts';
import type { Entry } from '../../api/webhooks.ts';
import { pathOf, readPath } from './secret-path.ts';

/** An authority and the one certificate that it signed. PEM, without a line break at the end. */
export interface Issued {
  readonly authority: string;
  readonly certificate: string;
  readonly key: string;
  /** The DNS names and addresses that the certificate is for. */
  readonly hosts: readonly string[];
  readonly issuedAt: Instant;
  readonly notAfter: Instant;
}

export interface Chain {
  readonly current: Issued;
  /** Undefined between rotations. `publishedAt`: when the configuration was first seen to trust it. */
  readonly next: (Issued & { readonly publishedAt?: Instant | undefined }) | undefined;
  /** Authorities of earlier certificates, trusted until then. */
  readonly retired: readonly { readonly authority: string; readonly until: Instant }[];
}

/** What all replicas share. */
export interface State {
  /** Of the paths; 256 random bits. */
  readonly seed: string;
  /** Undefined where certificates are not ours to make. */
  readonly chain: Chain | undefined;
}

/** What is stored, and the resource version that says so. `state` is undefined where nothing (readable) is stored. */
export interface Stored {
  readonly resourceVersion: string;
  readonly state: State | undefined;
}

/** What the webhook configuration says. */
export interface Publication {
  /** Resource version of the stored state that it was last written from; empty = never. */
  readonly from: string;
  readonly webhooks: readonly {
    readonly entry: Entry;
    /** The certificates it trusts: PEM; empty = none. */
    readonly trusted: string;
    readonly path: string;
  }[];
}

export interface Lifetimes {
  /** Milliseconds from issue to the end of a certificate. */
  readonly validForMs: number;
  /** Milliseconds from issue to the next rotation; shorter than the above by far more than the overlap. */
  readonly renewAfterMs: number;
  /** Milliseconds within which every API server has heard of a change of the configuration, and every replica of one of the Secret. */
  readonly overlapMs: number;
}

export interface CertificateFacts {
  readonly stored: Stored;
  /** Undefined while there is no configuration. */
  readonly publication: Publication | undefined;
  /** Undefined: somebody else makes certificates, and writes whom to trust into the configuration. */
  readonly lifetimes: Lifetimes | undefined;
  /** What the certificate has to be for. */
  readonly hosts: readonly string[];
  readonly path: PathRules;
}

export interface PathRules {
  /** A path that was published before may have been told to others. */
  readonly notBefore: Instant;
  /** Milliseconds for which a path is used. */
  readonly maxAgeMs: number;
}

export type Step =
  /** Make a certificate and store it. */
  | { readonly do: 'Issue'; readonly as: 'Current' | 'Next' }
  | { readonly do: 'StoreSeed' }
  | { readonly do: 'Store'; readonly state: State }
  /** Write the path of that index and, where given, the trusted certificates into every webhook. */
  | { readonly do: 'Publish'; readonly seed: string; readonly index: Instant; readonly trusted: string | undefined }
  /** Nothing before this moment, or before something changes. */
  | { readonly do: 'Wait'; readonly until: Instant | undefined };

/** The one next step; after it, everything is looked at again. */
export const planCertificates = (
  { stored, publication, lifetimes, hosts, path }: CertificateFacts,
  now: Instant,
): Step => {
  const { state } = stored;
  if (lifetimes !== undefined && state?.chain === undefined) return { do: 'Issue', as: 'Current' };
  if (state === undefined) return { do: 'StoreSeed' };
  if (publication === undefined) return { do: 'Wait', until: undefined };

  const trusted = lifetimes === undefined || state.chain === undefined ? undefined : trustedBy(state.chain);
  const { seed, chain } = state;
  const index = publishedIndex(publication, seed);
  const isRecent = index !== undefined && index >= path.notBefore && now < index + path.maxAgeMs;
  const isBelieved = trusted === undefined || publication.webhooks.every((webhook) => webhook.trusted === trusted);
  if (!isRecent || !isBelieved) {
    // Written from a newer state than we have heard of: ours is the old one.
    if (isNewer(publication.from, stored.resourceVersion)) return { do: 'Wait', until: undefined };
    return {
      do: 'Publish',
      seed,
      index: isRecent ? index : Math.max(now, newestIndex(publication, seed) + 1),
      trusted,
    };
  }
  const next: Step =
    lifetimes === undefined || chain === undefined
      ? { do: 'Wait', until: undefined }
      : rotate(seed, chain, { lifetimes, hosts, now });
  if (next.do !== 'Wait') return next;
  return { do: 'Wait', until: Math.min(next.until ?? Infinity, index + path.maxAgeMs) };
};

const rotate = (
  seed: string,
  chain: Chain,
  { lifetimes, hosts, now }: { lifetimes: Lifetimes; hosts: readonly string[]; now: Instant },
): Step => {
  const { current, next, retired } = chain;
  const { overlapMs, renewAfterMs } = lifetimes;
  const kept = retired.filter(({ until }) => now < until);
  if (kept.length < retired.length) return { do: 'Store', state: { seed, chain: { ...chain, retired: kept } } };
  const forgetAt = Math.min(...retired.map(({ until }) => until));

  if (next === undefined) {
    const dueAt = isFor(current, hosts) ? current.issuedAt + renewAfterMs : now;
    return now >= dueAt ? { do: 'Issue', as: 'Next' } : { do: 'Wait', until: Math.min(dueAt, forgetAt) };
  }
  if (next.publishedAt === undefined)
    return { do: 'Store', state: { seed, chain: { ...chain, next: { ...next, publishedAt: now } } } };

  // A certificate that has ended is worth no patience.
  const dueAt = Math.min(next.publishedAt + overlapMs, current.notAfter);
  if (now < dueAt) return { do: 'Wait', until: Math.min(dueAt, forgetAt) };
  const { publishedAt: _, ...promoted } = next;
  const left = { authority: current.authority, until: now + overlapMs };
  return { do: 'Store', state: { seed, chain: { current: promoted, next: undefined, retired: [...retired, left] } } };
};

/** The state with a certificate just made. */
export const withIssued = (
  state: State | undefined,
  issued: Issued,
  { as, newSeed }: { as: 'Current' | 'Next'; newSeed: string },
): State => {
  const seed = state?.seed ?? newSeed;
  const chain = state?.chain;
  if (as === 'Current' || chain === undefined)
    return { seed, chain: { current: issued, next: undefined, retired: [] } };
  return { seed, chain: { ...chain, next: issued } };
};

/** What to serve: the current certificate once the configuration trusts it, and until then whatever is served already. */
export const toServe = (
  { state }: Stored,
  publication: Publication | undefined,
  served: Issued | undefined,
): Issued | undefined => {
  const current = state?.chain?.current;
  return current !== undefined && publication !== undefined && isTrusted(publication, current) ? current : served;
};

/** Whether the API server will believe this certificate, whichever webhook it calls. */
export const isTrusted = ({ webhooks }: Publication, { authority }: Pick<Issued, 'authority'>): boolean =>
  webhooks.length > 0 && webhooks.every(({ trusted }) => trusted.includes(authority));

/** The index of the path that every webhook has; undefined where one has another, or one that was not made from the seed. */
export const publishedIndex = ({ webhooks }: Publication, seed: string): Instant | undefined => {
  const [first] = webhooks;
  const index = first && readPath(seed, first.path)?.index;
  if (index === undefined) return undefined;
  return webhooks.every(({ path, entry }) => path === pathOf(seed, index, entry)) ? index : undefined;
};

const newestIndex = ({ webhooks }: Publication, seed: string): Instant =>
  Math.max(0, ...webhooks.map(({ path }) => readPath(seed, path)?.index ?? 0));

const trustedBy = ({ current, next, retired }: Chain): string =>
  [current, ...(next === undefined ? [] : [next]), ...retired].map(({ authority }) => `${authority}\n`).join('');

const isFor = (issued: Issued, hosts: readonly string[]): boolean =>
  hosts.length === issued.hosts.length && hosts.every((host) => issued.hosts.includes(host));
