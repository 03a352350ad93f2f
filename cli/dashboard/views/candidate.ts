/** One candidate with everything around it: what the tree shows, who can sign, what the record says, and whether this person's signature would count. */
import type { ReleaseCandidate } from '../../../operator/api/candidate.ts';
import { visible } from '../../../operator/decide/safe-text.ts';
import { ourResource } from '../../../operator/kube/rows.ts';
import { promotableResource } from '../../../operator/decide/manifest/kinds/index.ts';
import { gateFacts, healthOf, newsOf, signedFacts, waitingSince } from '../../candidate/facts.ts';
import { findCandidateIn } from '../../candidate/find.ts';
import { whoCanSign } from '../../candidate/holders.ts';
import { objectsSeen, type ObjectSeen } from '../../candidate/live.ts';
import { isTrue, type ReleaseBundle } from '../../candidate/objects.ts';
import { alreadySigned, countsOrProblem, fittingRoles, type Signable } from '../../candidate/signing.ts';
import { storyOf, type Story } from '../../candidate/story.ts';
import type { Cluster } from '../../cluster/cluster.ts';
import { ifReadable } from '../../cluster/readable.ts';
import { Problem } from '../../exit.ts';
import { problemModel } from '../clean.ts';
import type { Desk, View } from '../desk.ts';
import type { CandidateModel, NoteModel, ObjectModel, OpenModel, OwnRole, Tone } from '../models.ts';
import { rowOf } from './rows.ts';
import { timelineOf } from './timeline.ts';

const tones: Readonly<Record<string, Tone>> = { green: 'good', red: 'bad', yellow: 'open' };

const objectModel = ({ kind, name, state, style }: ObjectSeen): ObjectModel => ({
  kind,
  name,
  state,
  tone: tones[style ?? ''] ?? 'plain',
});

const notesOf = ({ spec }: ReleaseCandidate): readonly NoteModel[] => {
  const { changes, dependencies, installation, rollbackPlan, analysis } = spec.notes;
  const notes: readonly (readonly [string, readonly string[]])[] = [
    ['Changes', changes],
    ['Needs', dependencies],
    ['Installation', installation.split('\n')],
    ['Rollback', rollbackPlan.split('\n')],
    ['Why the release before it failed', analysis.split('\n')],
  ];
  return notes
    .map(([title, lines]) => ({ title, lines: lines.map(visible).filter((line) => line !== '') }))
    .filter(({ lines }) => lines.length > 0);
};

const openOf = async (cluster: Cluster, story: Story, now: number): Promise<readonly OpenModel[]> => {
  const open = signedFacts(story, now)?.open ?? [];
  if (open.length === 0) return [];
  const supply = await whoCanSign(cluster, story, now);
  return open.map((place) => ({
    ...place,
    people: supply === 'Unreadable' ? undefined : supply.find(({ role }) => role === place.role)?.people,
  }));
};

/** What this person could do: the same questions that `approve` asks, for each role that they hold. */
const mineOf = async (cluster: Cluster, story: Story, now: number): Promise<CandidateModel['mine']> => {
  const { candidate, policy, bundle } = story;
  const isOver = isTrue(candidate, 'Finished') || isTrue(candidate, 'Promoted');
  if (policy === undefined || bundle === undefined || isOver) return { approve: [], reject: [] };
  const s: Signable = { candidate, policy, bundle };
  const [approve, reject] = await Promise.all([
    fittingRoles(cluster, s, 'Approve'),
    fittingRoles(cluster, s, 'Reject'),
  ]);
  const own = await Promise.all(
    approve.map(async (role): Promise<OwnRole> => {
      try {
        await countsOrProblem(cluster, s, { role, decision: 'Approve', now });
      } catch (error) {
        if (!(error instanceof Problem)) throw error;
        return { role, problem: problemModel(error) };
      }
      return { role, signed: await alreadySigned(cluster, s, { role, now }) };
    }),
  );
  return { approve: own, reject };
};

const workloads = new Set(['Deployment', 'StatefulSet', 'DaemonSet', 'Job']);

/** Production is followed while a release is on its way there. */
const followObjects = (desk: Desk, bundle: ReleaseBundle, objects: readonly ObjectSeen[]): void => {
  const { targetNamespace: namespace } = bundle.spec;
  for (const kind of new Set(objects.map((each) => each.kind).filter((each) => workloads.has(each)))) {
    const apiVersion = kind === 'Job' ? 'batch/v1' : 'apps/v1';
    desk.follow(promotableResource({ apiVersion, kind }), { namespace });
  }
};

const objectsIn = async (desk: Desk, cluster: Cluster, { bundle }: Story): Promise<readonly ObjectSeen[]> => {
  if (bundle === undefined) return [];
  const seen = await objectsSeen(cluster, bundle);
  followObjects(desk, bundle, seen);
  return seen;
};

export const candidate: View = (desk, place) => async () => {
  const cluster = desk.cluster();
  const now = desk.now();
  const found = await findCandidateIn(cluster, place('namespace'), place('name'));
  const { metadata, spec, status } = found;
  const target = spec.targetNamespace;
  desk.follow(ourResource('ReleaseCandidate'), { namespace: metadata.namespace, name: metadata.name });
  desk.follow(ourResource('Approval'), { namespace: target, fieldSelector: `spec.subject.uid=${metadata.uid}` });
  const story = await storyOf(cluster, found);
  const { bundle } = story;
  const [{ username }, seen, open, mine, timeline] = await Promise.all([
    cluster.whoAmI(),
    ifReadable(objectsIn(desk, cluster, story)),
    openOf(cluster, story, now),
    mineOf(cluster, story, now),
    timelineOf(desk, found, status?.digest),
  ]);
  return {
    view: 'candidate',
    who: username,
    row: rowOf(found),
    uid: metadata.uid,
    digest: status?.digest ?? '',
    bundle: bundle?.metadata.name ?? '',
    author: visible(spec.author.username),
    authors: (bundle?.spec.authors ?? []).map(visible),
    urgency: spec.urgency,
    incident: visible(spec.incident),
    change: visible(spec.change),
    waitingSince: waitingSince(found),
    notes: notesOf(found),
    news: newsOf(found),
    gates: gateFacts(found),
    signatures: signedFacts(story, now)?.signatures ?? [],
    open,
    objectsSay: status?.objects ?? '',
    objects: (seen ?? []).map(objectModel),
    removed: (bundle?.spec.removed ?? []).map(({ kind, name }) => ({ kind, name })),
    health: healthOf(found),
    observeUntil: status?.observeUntil,
    timeline,
    mine,
  };
};
