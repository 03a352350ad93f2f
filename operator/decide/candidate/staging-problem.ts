/** What stands between a candidate and its bundle, each with what to do about it. */
import { configAnnotation, jobWaves, waveAnnotation } from '../../api/kinds.ts';
import type { Reason } from '../../api/reasons.ts';
import { maxDeltaTextBytes } from '../../api/bundle.ts';
import type { JsonObject } from '../../api/meta.ts';
import { handsOn, unknownWriters } from '../people/authors.ts';
import { brokenText } from '../record/broken-record.ts';
import type { BundleObject } from '../bundle.ts';
import { sizeOf } from '../json/canonical.ts';
import type { ObjectRef } from '../objects.ts';
import type { CandidateSnapshot } from '../gates/snapshot.ts';
import type { NamedVerdict } from '../gates/verdict.ts';
import { strayText } from './overlays.ts';
import { visible } from '../safe-text.ts';
import { resourceName } from '../manifest/kinds/shared/kind.ts';
import { groupsOf, runsOncePerBundle, keyNamed, rowNamed } from '../manifest/kinds/index.ts';
import { textAt } from '../json/json.ts';

/** Why a candidate cannot be staged, and what to do about it. */
export interface StagingProblem {
  readonly reason: Reason;
  readonly message: string;
  /** The gate whose question it leaves open. */
  readonly gate?: NamedVerdict;
  /** Nobody has to change anything: it goes on when staging is further. */
  readonly waits?: true;
}

/** Largest package: all contents together, in bytes of canonical JSON. */
export const maxPackageBytes = 6 * 1024 * 1024;
export const maxPackageObjects = 500;
/** A bundle lists 500 authors: these, the author of the candidate, and those on whose behalf it is. */
const maxPackageAuthors = 400;

export const problem = (reason: Reason, message: string): StagingProblem => ({ reason, message });

/** The first thing that stands between a candidate and its bundle, apart from what rendering finds; undefined = nothing. */
export const stagingProblem = (s: CandidateSnapshot): StagingProblem | undefined => {
  const { spec, metadata } = s.candidate;
  if (s.target === undefined) return problem('PolicyMissing', `there is no namespace ${spec.targetNamespace}`);
  if (s.target.terminating)
    return problem('NamespaceTerminating', `namespace ${spec.targetNamespace} is being deleted`);
  if (s.policy === undefined) {
    return problem('PolicyMissing', `namespace ${spec.targetNamespace} has no ReleasePolicy named production`);
  }
  if (s.target.guarded === undefined) {
    return problem('NamespaceNotGuarded', `namespace ${spec.targetNamespace} is not labelled countersign.dev/guarded`);
  }
  if (s.policy.spec.sourceNamespace !== metadata.namespace) {
    return problem(
      'SourceNotNamed',
      `the policy of ${spec.targetNamespace} takes releases from ${s.policy.spec.sourceNamespace}, not from ${metadata.namespace}`,
    );
  }
  return brokenProblem(s) ?? missingPart(s) ?? unclearAuthors(s);
};

/** Where a component is of a kind that the cluster need not define. */
const definitionsOf = (components: readonly Component[]): string => {
  const defined = components.flatMap((component) => {
    const row = rowNamed(component);
    return row?.custom === undefined ? [] : [resourceName(row)];
  });
  return defined.length === 0
    ? ''
    : `. Next: look whether the cluster defines its kind, and have a platform admin install the definition that is missing: kubectl get crd ${[...new Set(defined)].join(' ')}`;
};

type Component = NonNullable<CandidateSnapshot['candidate']['spec']['components']>[number];

const notPromotable = ({ kind, name, group, apiVersion }: Component): StagingProblem => {
  const of = group === '' ? apiVersion : group;
  const groups = of === undefined ? groupsOf(kind) : [];
  return problem(
    'KindNotPromotable',
    groups.length > 1
      ? `${kind} (${name}) is a kind of several groups. Next: create a new candidate that names one, as group: ${groups.join(' or ')}`
      : `${kind}${of === undefined ? '' : ` of ${of}`} (${name}) cannot be promoted`,
  );
};

/** Nothing is frozen on a record that does not verify. */
export const brokenProblem = ({ candidate, record }: CandidateSnapshot): StagingProblem | undefined =>
  record.broken === undefined
    ? undefined
    : problem('LedgerBroken', brokenText(candidate.spec.targetNamespace, record.broken, record));

/** Kinds of it that are not read. Nothing is said of what there is of them. */
export const unreadProblem = ({
  candidate: { metadata },
  unreadKinds,
}: Pick<CandidateSnapshot, 'candidate' | 'unreadKinds'>): StagingProblem | undefined => {
  const [first] = unreadKinds;
  if (first === undefined) return undefined;
  const [kind] = first;
  const all = named([...unreadKinds.keys()]);
  const why = [...unreadKinds.values()].find((each) => each !== undefined);
  return problem(
    'KindNotRead',
    why === undefined
      ? `${all} cannot be read yet. Next: wait; where it lasts, the API server says why: kubectl get ${kind} -n ${metadata.namespace}`
      : `${all} cannot be read: ${visible(why)}. Next: a cluster administrator repairs the definition, or what converts its objects, until this answers: kubectl get ${kind} -n ${metadata.namespace}`,
  );
};

const missingPart = ({ candidate, staged, unreadKinds }: CandidateSnapshot): StagingProblem | undefined => {
  const { components, selector } = candidate.spec;
  for (const component of components ?? []) {
    if (rowNamed(component)?.promotable !== true) return notPromotable(component);
  }
  const unread = unreadProblem({ candidate, unreadKinds });
  if (unread !== undefined) return unread;
  const absent = (components ?? []).map(keyNamed).filter((key) => !staged.has(key));
  if (absent.length > 0) {
    const { namespace } = candidate.metadata;
    const hints = `${whereJobsGo(absent)}${definitionsOf(components ?? [])}`;
    return problem('ComponentMissing', `staging namespace ${namespace} lacks ${named(absent)}${hints}`);
  }
  if (staged.size === 0) {
    const labels = Object.entries(selector?.matchLabels ?? {}).map((pair) => pair.join('='));
    return problem(
      'ComponentMissing',
      `no object in ${candidate.metadata.namespace} has the labels ${visible(labels.join(','))}`,
    );
  }
  if (staged.size > maxPackageObjects) {
    return problem(
      'PackageTooLarge',
      `the package has more than ${maxPackageObjects} objects, which are all that are taken. Next: split it, or have fewer objects carry the labels of spec.selector, then create a new candidate`,
    );
  }
  const stray = strayText({ candidate, staged });
  return stray === undefined ? undefined : problem('ComponentMissing', stray);
};

/** A Job that is done is deleted with its time to live, and then looks as if it had never been there. */
const whereJobsGo = (absent: readonly string[]): string =>
  absent.some((key) => key.startsWith('Job/'))
    ? '. The field ttlSecondsAfterFinished of a Job deletes it once it is done. Next: in staging leave the field out or set it to 3600 or more, run the Job again, then create a new candidate'
    : '';

const unclearAuthors = (s: CandidateSnapshot): StagingProblem | undefined => {
  const hands = handsOn(s, s.production);
  const unknown = unknownWriters(s, s.candidate.metadata.namespace, hands);
  if (unknown !== undefined) return problem('AuthorUnrecorded', `${unknown.message}. ${unknown.remedy}`);
  const authors = hands.known.length;
  return authors > maxPackageAuthors
    ? problem('PackageTooLarge', `${authors} people have changed the package; at most ${maxPackageAuthors} are taken`)
    : undefined;
};

/** A few names of many. */
const named = (keys: readonly string[]): string =>
  keys.length <= 5 ? keys.join(', ') : `${keys.slice(0, 5).join(', ')} and ${keys.length - 5} more`;

/** Whether the contents together are more than a bundle takes. */
export const oversize = (objects: readonly BundleObject[]): StagingProblem | undefined => {
  const bytes = objects.reduce((sum, { content }) => sum + sizeOf(content), 0);
  return bytes > maxPackageBytes
    ? problem('PackageTooLarge', `the package has ${bytes} bytes; at most ${maxPackageBytes} are taken`)
    : undefined;
};

/** What must be shown to signers whole is more than they can be shown. */
export const deltaTooLarge = (bytes: number): StagingProblem =>
  problem(
    'DeltaTooLarge',
    `signers must see every image, command, identity, right and network field that changes, and these take ${bytes} bytes; a delta holds ${maxDeltaTextBytes}. Split the package, or move long commands into ConfigMaps or images, then create a new candidate`,
  );

export const reserved = ({ kind, name }: ObjectRef): string =>
  `the pod template of ${kind} ${name} has the annotation ${configAnnotation}, which Countersign writes. Next: take it off, in staging and in the overlay`;

/** What is wrong about when an object asks to be written; undefined = nothing. */
export const wrongWave = (content: JsonObject, { kind, name }: ObjectRef): string | undefined => {
  const wave = textAt(content, 'metadata', 'annotations', waveAnnotation);
  if (wave === undefined) return undefined;
  const said = `${kind} ${name} has the annotation ${waveAnnotation}: ${visible(wave)}`;
  if (!runsOncePerBundle(kind)) return `${said}, which only Jobs may have. Next: take it off`;
  return jobWaves.some((each) => each === wave)
    ? undefined
    : `${said}. It takes ${jobWaves.join(' or ')}: whether the Job runs before the workloads of its package, as without it, or once they are ready. Next: write one of the two`;
};
