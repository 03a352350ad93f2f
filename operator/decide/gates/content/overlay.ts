/** Does what staging ran run in production? */
import type { OverlaidField } from '../../bundle.ts';
import { listed, objectNamed } from '../../messages.ts';
import { keyOf } from '../../objects.ts';
import { visibleAscii } from '../../safe-text.ts';
import { blocked, defineGate, type Facts, passed } from '../gate.ts';
import { editPolicy, newCandidate } from '../remedies.ts';

const reads = ['candidate', 'policy', 'bundle'] as const;

interface Running extends OverlaidField {
  readonly what: 'Image' | 'Command';
}

const runs = ({ what, ...field }: OverlaidField): Running | undefined =>
  what === 'Other' ? undefined : { ...field, what };

const said = ({ field, from, to, ...ref }: OverlaidField): string =>
  `${visibleAscii(field)} of ${objectNamed(keyOf(ref))} (staging has ${from === '' ? 'none' : `"${visibleAscii(from)}"`}, the overlay ${to === '' ? 'removes it' : `writes "${visibleAscii(to)}"`})`;

/** What was tested is what ships, unless the policy lets an overlay say otherwise. Its own overlay is production's, and may. */
const judge = (s: Facts<typeof reads>) => {
  const changed = s.bundle.overlaid.flatMap((field) => (field.by === 'Candidate' ? (runs(field) ?? []) : []));
  const denied = changed.filter(({ what }) => !s.policy.spec.overlayMay.includes(what));
  if (denied.length > 0) {
    const needed = [...new Set(denied.map(({ what }) => what))];
    const may = [...new Set([...s.policy.spec.overlayMay, ...needed])];
    return blocked('OverlayChangesWhatRuns', {
      message: `The overlay of the candidate changes what runs, and staging never ran that: ${listed(denied.map(said))}`,
      remedy: `Change it in ${s.candidate.metadata.namespace}, where it is tested, and leave it out of spec.overlay: in a patch, an item of containers needs its name and what is different, nothing else. ${newCandidate(s, 'without it')}. If production is to run something else all the same, a platform admin allows it: kubectl patch relpol ${s.policy.metadata.name} -n ${s.policy.metadata.namespace} --type merge -p '{"spec":{"overlayMay":${JSON.stringify(may)}}}'`,
    });
  }
  return changed.length === 0
    ? passed('OverlayKeepsWhatRuns', 'No overlay of the candidate changes an image, or by which command anything runs')
    : passed(
        'OverlayAllowed',
        `The policy allows what the overlay of the candidate changes of what runs: ${listed(changed.map(said))}. Who does not want that: ${editPolicy(s)}`,
      );
};

export const overlay = defineGate({
  name: 'Overlay',
  asks: 'Does production run what staging ran, or does an overlay change it?',
  reads,
  rejudgedAtAdmission: true,
  exceptable:
    'What runs in production is what staging tested; a platform admin says in the policy what an overlay may change of it.',
  judge,
});
