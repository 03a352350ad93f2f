/**
 * What a candidate will say when it is staged, before there is one: the operator's own plan, over what the person may read. Where the API server's
 * word is needed the content counts as it stands, for staging holds it with the API server's defaults already.
 */
import type { ReleaseCandidate } from '../../operator/api/candidate.ts';
import { type Answer, questionKey } from '../../operator/decide/api-queries.ts';
import type { Bundle, Dependency } from '../../operator/decide/bundle.ts';
import { planCandidate } from '../../operator/decide/candidate/plan.ts';
import { commandFor, compared } from '../../operator/decide/delta/compare.ts';
import { changeTicket } from '../../operator/decide/gates/content/change-ticket.ts';
import { images } from '../../operator/decide/gates/content/images.ts';
import { notes } from '../../operator/decide/gates/content/notes.ts';
import { overlay } from '../../operator/decide/gates/content/overlay.ts';
import { reversible } from '../../operator/decide/gates/content/reversible.ts';
import { rights } from '../../operator/decide/gates/content/rights.ts';
import { stagingReferences } from '../../operator/decide/gates/content/staging-references.ts';
import type { Facts } from '../../operator/decide/gates/gate.ts';
import { standingOf } from '../../operator/decide/gates/content/dependencies-present.ts';
import type { CandidateSnapshot } from '../../operator/decide/gates/snapshot.ts';
import { digestOf } from '../../operator/decide/json/canonical.ts';
import { kindRow } from '../../operator/decide/manifest/kinds/index.ts';
import { normalForm } from '../../operator/decide/manifest/normal-form.ts';
import { objectNamed } from '../../operator/decide/messages.ts';
import { keyOf, type LiveObject, type ObjectKey } from '../../operator/decide/objects.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { live, Reader, snapshotOf, type Proposal } from './preview-facts.ts';

/** What the operator would make of a candidate. */
export type Preview =
  | {
      readonly is: 'Delta';
      readonly text: string;
      /** Gates that will block it whatever comes, for what they look at never changes once it is created. */
      readonly blocked: readonly { readonly gate: string; readonly message: string }[];
      /** What it needs of production and production lacks, a line each. */
      readonly lacks: readonly string[];
      /** What this person could not look at, in a few words each. */
      readonly unseen: readonly string[];
    }
  /** It would not be staged. */
  | { readonly is: 'Refused'; readonly message: string };

/** The plan until it has no question left. */
const planned = (s: CandidateSnapshot) => {
  const answers = new Map<string, Answer>();
  for (;;) {
    const plan = planCandidate(s, answers, Date.now());
    const open = plan.questions.flatMap((question): [string, Answer][] => {
      if (question.ask === 'NormalForm')
        return [[questionKey(question), { kind: 'Object', manifest: question.stored(question.manifest) }]];
      if (question.ask !== 'Current') return [];
      const seen = s.staged.get(keyOf(question.ref));
      return seen === undefined
        ? []
        : [[questionKey(question), { kind: 'Digest', digest: digestOf(normalForm(seen.manifest, seen.ref)) }]];
    });
    // What is asked for a second time was answered to no avail.
    if (open.every(([key]) => answers.has(key))) return plan;
    for (const [key, answer] of open) answers.set(key, answer);
  }
};

/** Of what production may hold besides the release, what there is of it; what may not be read is left out. */
const readNeeds = async (
  reader: Reader,
  needs: readonly Dependency[],
  known: Map<ObjectKey, LiveObject>,
  namespace: string,
) => {
  const wanted = needs.filter(
    (each) => each.namespace === '' && kindRow(each)?.promotable === true && !known.has(keyOf(each)),
  );
  const found = await Promise.all(wanted.map((each) => reader.find(each, namespace)));
  for (const raw of found) if (raw !== undefined) known.set(keyOf(live(raw).ref), live(raw));
};

export const previewOf = async (cluster: Cluster, proposal: Proposal): Promise<Preview> => {
  const reader = new Reader(cluster);
  const s = await snapshotOf(cluster, reader, proposal);
  const plan = planned(s);
  const effect = plan.effects.find((each) => each.do === 'CreateBundle');
  if (effect?.compare === undefined) {
    const said = plan.statuses.flatMap(({ status }) => status.conditions).find(({ type }) => type === 'Staged');
    return { is: 'Refused', message: said?.message ?? 'the operator would not stage it' };
  }
  const { bundle, compare } = effect;
  await readNeeds(reader, bundle.dependencies, s.live, bundle.namespace);
  const heading = { ...compare.heading, needs: [], digest: 'comes when it is staged' };
  const shown = compared({ ...compare, heading });
  if (shown.is === 'TooLarge') {
    return {
      is: 'Refused',
      message: `what signers must read of it takes ${shown.bytes} bytes, more than a bundle holds`,
    };
  }
  return {
    is: 'Delta',
    text: shown.deltaText.replaceAll(commandFor(compare), onceStaged(proposal.candidate)),
    blocked: blockedBy({ ...s, policy: proposal.policy, bundle }),
    lacks: lacking(s, bundle, reader.unseen),
    unseen: [...reader.unseen].toSorted(),
  };
};

/** There is no bundle yet that could be read. */
const onceStaged = ({ metadata: { name, namespace } }: ReleaseCandidate): string =>
  `once it is staged: kubectl countersign diff ${name} -n ${namespace} --full`;

/** Those that look at the candidate, its content and its policy alone. */
const ofContent = [notes, changeTicket, images, rights, overlay, stagingReferences, reversible] as const;

const blockedBy = (s: Facts<['candidate', 'policy', 'bundle', 'live', 'production', 'record']>) =>
  ofContent.flatMap((gate) => {
    const { outcome, message } = gate.judge(s, Date.now());
    return outcome === 'Blocked' ? [{ gate: gate.name, message }] : [];
  });

/** A line each. Of kinds that could not be read nothing is claimed. */
const lacking = (
  s: CandidateSnapshot,
  { dependencies, namespace }: Bundle,
  unseen: ReadonlySet<string>,
): readonly string[] =>
  dependencies
    .filter((each) => {
      const plural = kindRow(each)?.plural;
      const isSeen = plural === undefined || !unseen.has(`${plural} in ${namespace}`);
      return isSeen && standingOf(s, each).isThere === false;
    })
    .map((each) => `${objectNamed(keyOf(each))}, for ${each.by.map(objectNamed).join(', ')}`);
