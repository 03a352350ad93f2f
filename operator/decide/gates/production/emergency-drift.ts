/** Does it say what becomes of what an emergency changed? */
import { doingWith, followedUpBy } from '../../emergency/follow-up.ts';
import type { EmergencyRecord } from '../../record/emergency.ts';
import { keyOf, type ObjectKey } from '../../objects.ts';
import { newCandidate } from '../remedies.ts';
import type { Verdict } from '../verdict.ts';
import { listed, objectNamed } from '../../messages.ts';
import { blocked, defineGate, type Facts, passed, waiting } from '../gate.ts';

const reads = ['candidate', 'target', 'record', 'bundle', 'live'] as const;
type Seen = Facts<typeof reads>;

const named = (objects: readonly ObjectKey[]): string => listed(objects.map(objectNamed));

const judge = (s: Seen) => {
  const { followsUp, reverts } = s.candidate.spec;
  const followed = followedUpBy(s.record.emergencies, followsUp);
  if (followsUp !== '' && followed === undefined) {
    return blocked('EmergencyUnknown', {
      message: `spec.followsUp names ${followsUp}, and ${s.target.name} has no such emergency access that is still open`,
      remedy: newCandidate(
        s,
        `whose spec.followsUp names one of kubectl get emergencyaccesses -n ${s.target.name}, or none`,
      ),
    });
  }
  const silent = [...s.record.emergencies.all.values()]
    .filter(({ uid }) => uid !== followed?.uid)
    .map((emergency) => ({ emergency, ...doingWith(emergency, s.bundle, s.live) }))
    .find(({ reverts: objects }) => objects.length > 0);
  if (silent !== undefined) return silentRevert(s, silent.emergency, silent.reverts);
  return followed === undefined
    ? passed('NoEmergencyDrift', 'It takes back nothing that an emergency changed')
    : followUp(s, followed, reverts.map(keyOf));
};

const silentRevert = (s: Seen, { name }: EmergencyRecord, objects: readonly ObjectKey[]): Verdict =>
  blocked('EmergencyDrift', {
    message: `It would take back what emergency access ${name} changed: ${named(objects)}`,
    remedy: `See what was changed: kubectl get emergencyaccess ${name} -n ${s.target.name} -o yaml. ${newCandidate(s, `with spec.followsUp: ${name}, that holds these as production does now, or names them in spec.reverts`)}`,
  });

const followUp = (s: Seen, emergency: EmergencyRecord, said: readonly ObjectKey[]): Verdict => {
  const { name, accounted } = emergency;
  if (accounted === undefined) {
    return waiting('EmergencyUnderWay', {
      message: `Emergency access ${name} is not over, so it is not known what it leaves behind`,
      remedy: `Wait for its end, or an SRE ends it: kubectl patch emergencyaccess ${name} -n ${s.target.name} --type=merge -p '{"spec":{"revoked":true}}'`,
    });
  }
  const drift = new Set<string>(accounted.drift.map(({ object }) => object));
  const stray = said.filter((object) => !drift.has(object));
  if (stray.length > 0) {
    return blocked('NotDrifted', {
      message: `spec.reverts names what emergency access ${name} did not leave changed: ${named(stray)}`,
      remedy: newCandidate(s, `whose spec.reverts names objects of its status.drift only`),
    });
  }
  const { covers, reverts } = doingWith(emergency, s.bundle, s.live);
  const unsaid = reverts.filter((object) => !said.includes(object));
  if (unsaid.length > 0) return silentRevert(s, emergency, unsaid);
  const parts = [
    covers.length === 0 ? '' : `keeps ${named(covers)}`,
    reverts.length === 0 ? '' : `takes back ${named(reverts)}`,
  ].filter((part) => part !== '');
  return passed(
    'FollowsUp',
    `It follows up emergency access ${name}${parts.length === 0 ? ', and touches nothing that it left changed' : ` and ${parts.join(', and ')}`}`,
  );
};

export const emergencyDrift = defineGate({
  name: 'EmergencyDrift',
  asks: 'Does it say what becomes of what an emergency changed?',
  reads,
  rejudgedAtAdmission:
    'It compares with production as it was before the promotion, which the first writes of the promotion change.',
  exceptable: 'The candidate itself says what becomes of what an emergency left.',
  judge,
});
