/** Does the content name the staging namespace, so that production would go on talking to staging? */
import type { StagingReference } from '../../bundle.ts';
import { entryNaming, objectNamed } from '../../messages.ts';
import { keyOf } from '../../objects.ts';
import { visible } from '../../safe-text.ts';
import { blocked, defineGate, type Facts, passed } from '../gate.ts';
import { newCandidate } from '../remedies.ts';

const reads = ['candidate', 'policy', 'bundle'] as const;
type Seen = Facts<typeof reads>;

const placeOf = (reference: StagingReference): string =>
  `${objectNamed(keyOf(reference))} ${visible(reference.path)}: ${visible(reference.found)}`;

/** Characters for each list of places. A text holds 32,768, two lists at most, and what to do besides. */
const room = 12_000;

/** As many of these as there is room for, whole; the first in any case. */
const fitting = <T>(things: readonly T[], textOf: (thing: T) => string): readonly T[] => {
  let length = 0;
  const end = things.findIndex((thing, place) => {
    length += textOf(thing).length;
    return place > 0 && length > room;
  });
  return end === -1 ? things : things.slice(0, end);
};

/** All of them, or as many as there is room for and how many more there are. */
const named = (places: readonly string[], between: string): string => {
  const shown = fitting(places, (place) => place);
  const more = places.length - shown.length;
  return `${shown.join(between)}${more === 0 ? '' : `${between}and ${more} more places`}`;
};

/** One entry of `spec.overlay` for each object, ready to be pasted. */
const overlays = (references: readonly StagingReference[]): readonly string[] =>
  [...Map.groupBy(references, keyOf)].map(
    ([key, of]) => `- {${entryNaming(key)}, jsonPatch: [${of.map(({ fix }) => fix).join(', ')}]}`,
  );

const isCommand = ({ path }: StagingReference): boolean => /\.(?:args|command)\[\d+\]$/.test(path);

const remedyFor = (s: Seen, references: readonly StagingReference[]): string => {
  const fixable = references.filter(({ fix }) => fix !== '');
  const shown = fitting(fixable, ({ fix }) => fix);
  const entries = overlays(shown);
  const open = references.filter(({ fix }) => fix === '');
  return [
    newCandidate(
      s,
      entries.length === 0 ? 'whose overlay names production there' : `with spec.overlay:\n${entries.join('\n')}\n`,
    ),
    ...(shown.length === fixable.length
      ? []
      : [`${fixable.length - shown.length} more places are named once these are in the overlay`]),
    ...(open.length === 0
      ? []
      : [
          `Of ${named(
            open.map((reference) => `${objectNamed(keyOf(reference))} ${visible(reference.path)}`),
            ', ',
          )} write the whole value in the overlay, or have staging read it from a ConfigMap`,
        ]),
    ...(references.some(isCommand)
      ? ['An overlay of a command or of arguments needs overlayMay: [Command] in the policy']
      : []),
    'A Service of the same namespace needs no namespace in its host: where staging says db instead of db.<namespace>.svc, production needs no overlay',
    'Where production is to talk to staging, a platform admin sets stagingReferences: Report in the policy: kubectl edit relpol production -n ' +
      s.policy.metadata.namespace,
  ].join('. ');
};

const judge = (s: Seen) => {
  const { stagingReferences: found } = s.bundle;
  if (found.length === 0) {
    return passed('NoStagingReferences', `The content does not name ${s.policy.spec.sourceNamespace}`);
  }
  const message = `The content refers to ${s.policy.spec.sourceNamespace}: ${named(found.map(placeOf), '; ')}`;
  return s.policy.spec.stagingReferences === 'Report'
    ? passed('StagingReferencesReported', message)
    : blocked('StagingReferencesFound', { message, remedy: remedyFor(s, found) });
};

export const stagingReferences = defineGate({
  name: 'StagingReferences',
  asks: 'Does the content name the staging namespace as a place?',
  reads,
  rejudgedAtAdmission:
    'What names staging is found when content is frozen, from what staging holds then; the content that was judged is the content that is written.',
  exceptable: true,
  judge,
});
