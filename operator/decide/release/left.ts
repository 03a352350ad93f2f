/** What is not as it should be when a promotion or rollback ends: of each object what was wanted, what is there, why, and what to do next. */
import { maxQuietFailures } from '../../time/backoff.ts';
import type { Bundle } from '../bundle.ts';
import type { Left } from '../ledger-entry.ts';
import { finalizersOf, heldUpText } from '../manifest/pending-deletion.ts';
import { kindRow } from '../manifest/kinds/index.ts';
import { resourceName } from '../manifest/kinds/shared/kind.ts';
import { argumentFor, listed } from '../messages.ts';
import { keyOf, kindIdOf, type ObjectRef } from '../objects.ts';
import { visible } from '../safe-text.ts';
import type { HealthOf } from './health.ts';
import type { RefusedWrite } from './refused-writes.ts';
import type { ReleaseSnapshot } from './snapshot.ts';
import { type Course, holds, type Step } from './steps.ts';

/** Of one text of an entry, in characters. */
const longest = 1024;

const text = (said: string): string => visible(said).slice(0, longest);

/** Objects that are not written or removed. `names`: of the bundle that was to be, and of the one before it. */
export const leftOf = (
  s: ReleaseSnapshot,
  steps: readonly Step[],
  ends: { readonly to: Bundle | undefined; readonly from: Bundle | undefined },
): Left[] =>
  steps
    .filter(({ standing }) => standing !== 'Done')
    .map((step) => {
      const key = keyOf(step.ref);
      return {
        object: key,
        wanted: step.object === undefined ? 'not there' : `as in ${ends.to?.name ?? 'the bundle'}`,
        found: foundIn(step, ends.from),
        why: text(whyOf(s, step)),
        next: text(nextOf(s, step)),
      };
    });

const foundIn = ({ live, object, standing }: Step, from: Bundle | undefined): string => {
  if (standing === 'Unread') return 'not known';
  if (live === undefined) return 'not there';
  if (live.deleting) return 'being deleted';
  const before = from?.objects.find(({ ref }) => keyOf(ref) === keyOf(live.ref));
  if (before !== undefined && holds(live, before, from?.unmanaged ?? [])) return `as in ${from?.name ?? ''}`;
  return object === undefined ? 'there' : 'other content';
};

const whyOf = (s: ReleaseSnapshot, { ref, live, standing }: Step): string => {
  if (standing === 'Unread') return unreadText(s, ref);
  const refused = s.refused.get(keyOf(ref));
  if (refused !== undefined) return isUnserved(ref, refused) ? unservedText(ref, refused) : refusedText(refused);
  if (standing === 'Deleting' && live !== undefined) {
    if (!live.deleting)
      return 'its controller still holds its claims, and it is deleted only afterwards, so that their data stays';
    return finalizersOf(live).length > 0 ? heldUpText([live]) : 'the API server has not deleted it yet';
  }
  return 'it was not written in time';
};

/** Why it is not known what is there. */
export const unreadText = ({ unread }: ReleaseSnapshot, ref: ObjectRef): string =>
  `the API server cannot read ${kindIdOf(ref)}: ${unread?.get(kindIdOf(ref)) ?? ''}`;

/** A definition that is gone, or does not serve the version any more, has no answer of its own. */
const isUnserved = (ref: ObjectRef, refused: RefusedWrite | undefined): boolean =>
  kindRow(ref)?.custom !== undefined && refused?.message.startsWith('404 page not found') === true;

const unservedText = ({ apiVersion, kind }: ObjectRef, { tries }: RefusedWrite): string =>
  `${apiVersion} ${kind} is not served by the cluster, tried ${timesText(tries)}`;

const timesText = (tries: number): string => (tries === 1 ? '1 time' : `${tries} times`);

/** What the API server said, and how often. */
export const refusedText = ({ message, tries, isFinal }: RefusedWrite): string =>
  `${isFinal ? 'the API server refuses the write' : 'the write was not taken'}, tried ${timesText(tries)}: ${message}`;

/** What the API server refuses of what a package goes to, for people who wait for it; undefined = nothing. */
export const refusedWritesText = ({ refused }: ReleaseSnapshot): string | undefined => {
  const said = [...refused]
    .filter(([, { isFinal, tries }]) => isFinal || tries > maxQuietFailures)
    .map(([key, write]) => `${key}: ${refusedText(write)}`)
    .toSorted();
  return said.length === 0
    ? undefined
    : `${listed(said)}. It is tried again until the time of the rollback is over; a platform admin removes what refuses it`;
};

const nextOf = (s: ReleaseSnapshot, { ref, standing }: Step): string => {
  const again = `a holder of rollback orders a Rollback of package ${s.package} in ${s.namespace}, or a developer stages a new candidate`;
  if (standing === 'Unread') {
    return `a cluster administrator repairs its definition, or what converts its objects, until this answers: kubectl get ${kindIdOf(ref)} -n ${s.namespace}; then ${again}`;
  }
  const row = kindRow(ref);
  if (row !== undefined && isUnserved(ref, s.refused.get(keyOf(ref)))) {
    return `see which versions of it are served: kubectl get crd ${resourceName(row)} -o jsonpath='{.spec.versions[*].name}'; where a cluster administrator serves that one again, ${again}; otherwise the candidate is of content in a version that is served`;
  }
  return standing === 'Deleting'
    ? `when it is gone, ${again}`
    : `a platform admin removes what refuses it; then ${again}`;
};

/** Workloads that are written and whose pods do not run them, or are not ready. */
const unhealthyLeft = (s: ReleaseSnapshot, to: Bundle | undefined, parts: readonly HealthOf[]): Left[] =>
  parts
    .filter(({ health }) => health.state !== 'Healthy')
    .map(({ key, health }) => ({
      object: key,
      wanted:
        to === undefined || health.reason === 'PodsRemain'
          ? 'none of its pods runs'
          : `every pod runs it as in ${to.name} and is ready`,
      found: text(health.message),
      why: health.reason,
      next:
        health.reason === 'PodsRemain'
          ? `a pod goes when its node has stopped it; one on a node that is away stays until that is back or deleted: kubectl get pods -n ${s.namespace} -o wide`
          : `look at its pods: kubectl describe ${argumentFor(key)} -n ${s.namespace}; then stage a new candidate, or order a Rollback of package ${s.package}`,
    }));

/** Everything that is not as it should be: what is not written is told once, whatever its pods do. */
export const allLeft = (
  s: ReleaseSnapshot,
  steps: readonly Step[],
  { course, parts }: { readonly course: Course; readonly parts: readonly HealthOf[] },
): Left[] => {
  const unwritten = leftOf(s, steps, course);
  const named = new Set(unwritten.map(({ object }) => object));
  const unhealthy = unhealthyLeft(s, course.to, parts);
  return [...unwritten, ...unhealthy.filter(({ object }) => !named.has(object))];
};

/** In one sentence, for the reason of an entry and the message of a condition. */
export const leftText = (left: readonly Left[]): string => {
  const named = left.slice(0, 5).map(({ object, found, why, next }) => `${object} (${found}): ${why}. Next: ${next}`);
  const more = left.length - named.length;
  return `${named.join('; ')}${more > 0 ? `; and ${more} more, each in the entry of the ledger` : ''}`;
};
