/** Does staging still run exactly this content, for as long as it must? */
import { hasMoved, mustHold, stagingDifference } from './staging-hold.ts';
import type { ObjectKey } from '../../objects.ts';
import { newCandidate } from '../remedies.ts';
import { listed, objectNamed } from '../../messages.ts';
import { blocked, defineGate, type Facts, passed, unknown } from '../gate.ts';

const reads = ['candidate', 'policy', 'record', 'bundle', 'stagedNow', 'imagesMoved'] as const;

const said = (keys: readonly ObjectKey[], what: string): readonly string[] =>
  keys.map((key) => `${objectNamed(key)} ${what}`);

/** What testers look at, and what soaks, is what people sign for: staging holds it until the policy lets it go. */
const judge = (s: Facts<typeof reads>) => {
  const difference = stagingDifference(s);
  if (hasMoved(difference)) {
    if (!mustHold(s))
      return passed('HoldOver', 'Staging kept this content for as long as the policy asks, and has moved on');
    const { changed, gone, added } = difference;
    const moved = [
      ...said(changed, 'has changed'),
      ...said(gone, 'is gone'),
      ...said(added, 'was added'),
      ...[...difference.moved].map(([key, what]) => `${objectNamed(key)}, whose ${what}`),
    ];
    const command = `kubectl get relbundle ${s.bundle.name} -n ${s.bundle.namespace} -o yaml`;
    return blocked('StagingChanged', {
      message: `Staging no longer runs what was staged: ${listed(moved)}`,
      remedy: `The developer restores it in ${s.candidate.metadata.namespace} (what was staged: ${command}), or stages again. ${newCandidate(s, 'from what staging runs now')}`,
    });
  }
  if (difference.unanswered.length > 0 && mustHold(s)) {
    return unknown('StagingUnknown', {
      message: `The API server has not yet said what staging would become: ${listed(difference.unanswered.map(objectNamed))}`,
      remedy: 'Wait; the operator asks it automatically. If it lasts, a platform admin reads the log of the operator',
    });
  }
  return passed('StagingUnchanged', 'Staging runs exactly this content');
};

export const stagingUnchanged = defineGate({
  name: 'StagingUnchanged',
  asks: 'Does staging still run exactly this content?',
  reads,
  rejudgedAtAdmission:
    'It is about staging, which the webhook does not follow; the record says that the content was staged.',
  exceptable: 'What staging holds is what testers look at before they sign.',
  judge,
});
