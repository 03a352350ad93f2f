/** Does the candidate say everything that a rollback of it could not take back? */
import { newCandidate } from '../remedies.ts';
import { entryNaming, listed, objectNamed } from '../../messages.ts';
import { keyOf } from '../../objects.ts';
import { isDeclared, oneWays, type OneWay } from '../../release/irreversible.ts';
import { visible } from '../../safe-text.ts';
import type { Verdict } from '../verdict.ts';
import { blocked, defineGate, passed, type Facts } from '../gate.ts';
import { keyNamed } from '../../manifest/kinds/index.ts';

const reads = ['candidate', 'policy', 'bundle', 'live', 'production'] as const;
type Seen = Facts<typeof reads>;

const strays = ({ bundle }: Seen): readonly string[] => {
  const known = new Set([...bundle.objects.map(({ ref }) => ref), ...bundle.removed].map(keyOf));
  return bundle.irreversible
    .filter((entry) => !known.has(keyNamed(entry)))
    .map((entry) => objectNamed(keyNamed(entry)));
};

/** As a candidate lists it. */
const entryFor = ({ object, field }: OneWay): string =>
  `{${entryNaming(object)}${field === '' ? '' : `, fields: [${field}]`}, reason: <why>}`;

/** What loses data is named by the candidate, or it does not go. What only stays as it is, is told to signers and stops nothing. */
const judge = (s: Seen): Verdict => {
  const stray = strays(s);
  if (stray.length > 0) {
    return blocked('IrreversibleUnknown', {
      message: `spec.irreversible names ${listed(stray)}, which the release neither holds nor drops`,
      remedy: newCandidate(s, 'whose spec.irreversible names objects of the release, and what it drops'),
    });
  }
  const byTool = s.policy.spec.deliveredBy === 'GitOps';
  const found = oneWays({ bundle: s.bundle, live: s.live, before: s.production, byTool });
  if (found.length === 0) return passed('Reversible', 'A rollback would take back everything that it does');
  const told = visible(found.map(({ why }) => why).join('; '));
  const undeclared = found.filter((each) => each.is === 'Lost' && !isDeclared(each, s.bundle));
  if (undeclared.length === 0)
    return passed('IrreversibleTold', `Signers read what a rollback would not take back: ${told}`);
  if (s.bundle.onFailure === 'Page')
    return passed('NotTakenBack', `It is not rolled back automatically, people are called: ${told}`);
  return blocked('DataWouldBeLost', {
    message: `A rollback could not take back: ${visible(undeclared.map(({ why }) => why).join('; '))}`,
    remedy: `Keep it in the content, or say that it is wanted. ${newCandidate(s, `with other content, with onFailure: Page and a pageReason, or with spec.irreversible: [${undeclared.map(entryFor).join(', ')}]`)}`,
  });
};

export const reversible = defineGate({
  name: 'Reversible',
  asks: 'Does the candidate say which data it loses, so that no rollback could bring it back?',
  reads,
  rejudgedAtAdmission:
    'It compares production as it was before the promotion with the content. What the candidate says is part of the signed content, and without that the webhook refuses to delete a StatefulSet that would take its claims along.',
  exceptable: 'The candidate itself names what it loses, and its signers read that.',
  judge,
});
