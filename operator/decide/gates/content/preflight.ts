/** Would the API server accept every object, and does nobody else own it? */
import { runsOncePerBundle } from '../../manifest/kinds/index.ts';
import { unsettledOf } from '../../emergency/follow-up.ts';
import { immutableChange } from '../../manifest/immutable-fields.ts';
import { keyOf, type ObjectKey } from '../../objects.ts';
import { mutatedRemedy, mutatorsText } from '../mutated-content.ts';
import { newCandidate } from '../remedies.ts';
import type { Verdict } from '../verdict.ts';
import { visible } from '../../safe-text.ts';
import { argumentFor, listed, objectNamed } from '../../messages.ts';
import { blocked, defineGate, type Facts, passed, unknown, waiting } from '../gate.ts';

const reads = [
  'candidate',
  'policy',
  'target',
  'record',
  'bundle',
  'live',
  'claims',
  'foreign',
  'unanswered',
  'preflight',
  'mutators',
] as const;
type Seen = Facts<typeof reads>;

const immutableFields = (s: Seen): Verdict | undefined => {
  const conflicts = s.bundle.objects
    .filter(({ ref }) => !runsOncePerBundle(ref))
    .flatMap(({ ref, content }) => {
      const live = s.live.get(keyOf(ref));
      const change = live === undefined ? undefined : immutableChange(content, live.manifest);
      return change === undefined ? [] : [{ name: objectNamed(keyOf(ref)), ...change }];
    });
  if (conflicts.length === 0) return undefined;
  return blocked('ImmutableFieldChanged', {
    message: `Fields change that cannot change on a live object: ${listed(conflicts.map(({ name, fields }) => `${fields.join(', ')} of ${name}`))}`,
    remedy: `In staging, ${listed([...new Set(conflicts.map(({ name, remedy }) => `for ${name} ${remedy}`))])}. ${newCandidate(s, 'from that')}`,
  });
};

/** A Job runs once a bundle, under a name of its own; nobody can write that name into Git beforehand. */
const jobsForTools = (s: Seen): Verdict | undefined => {
  const jobs = s.bundle.objects.filter(({ ref }) => runsOncePerBundle(ref)).map(({ ref }) => objectNamed(keyOf(ref)));
  if (s.policy.spec.deliveredBy !== 'GitOps' || jobs.length === 0) return undefined;
  return blocked('JobNotDeliverable', {
    message: `${s.target.name} is delivered by GitOps, and a release that a tool delivers cannot hold Jobs: ${listed(jobs)}`,
    remedy: `Run what they do from an init container or a CronJob. ${newCandidate(s, 'without them')}`,
  });
};

const claims = (s: Seen): Verdict | undefined => {
  const claimed = s.bundle.objects.flatMap(({ ref }) => {
    const owner = s.claims.get(keyOf(ref));
    return owner === undefined || owner === s.bundle.package ? [] : [`${objectNamed(keyOf(ref))} (package ${owner})`];
  });
  if (claimed.length === 0) return undefined;
  return blocked('ClaimedByOtherPackage', {
    message: `Objects of this release belong to other packages of ${s.target.name}: ${listed(claimed)}`,
    remedy: `Release them with the package that owns them, or release that package without them first. ${newCandidate(s, 'without them')}`,
  });
};

const foreignContent = (s: Seen): Verdict | undefined => {
  const [first] = s.foreign.keys();
  if (first === undefined) return undefined;
  const conflicts = [...s.foreign].map(([key, { manager, fields }]) => {
    const what = fields.length === 0 ? objectNamed(key) : `${listed(fields)} of ${objectNamed(key)}`;
    return `${what} (written by ${visible(manager)})`;
  });
  return blocked('OwnershipConflict', {
    message: `Production holds content that no release put there: ${listed(conflicts)}`,
    remedy: remedyFor(s, first),
  });
};

/** What was done in an emergency is for a release to follow up, and not for its writer to stop. */
const remedyFor = (s: Seen, first: ObjectKey): string => {
  const changed = [...s.record.emergencies.all.values()].flatMap((emergency) =>
    unsettledOf(emergency).map((key) => [key, emergency.name] as const),
  );
  const emergencyOf = new Map<ObjectKey, string>(changed);
  const stranger = [...s.foreign.keys()].find((key) => !emergencyOf.has(key));
  return stranger === undefined
    ? `Do as the gate EmergencyDrift says; what emergency access ${emergencyOf.get(first) ?? ''} changed: kubectl get emergencyaccess ${emergencyOf.get(first) ?? ''} -n ${s.target.name} -o yaml`
    : `Have the named writer stop, or a platform admin lists the fields under unmanagedFields; see who wrote what: kubectl get ${argumentFor(stranger)} -n ${s.target.name} -o yaml --show-managed-fields`;
};

const dryRun = (s: Seen): Verdict | undefined => {
  if (s.unanswered !== undefined) {
    return unknown('GateNotReady', {
      message: `No promotion starts without a gate that judges its writes: ${visible(s.unanswered)}`,
      remedy:
        'Wait; the operator tries again automatically. If it lasts, a platform admin looks after the gate: kubectl get pods -A -l app.kubernetes.io/component=gate',
    });
  }
  if (s.preflight === undefined) {
    return waiting('PreflightPending', {
      message: 'The API server is asked whether it would accept every object once every other gate has passed',
      remedy: 'Wait; the operator asks automatically when the other gates have passed',
    });
  }
  if (s.preflight.length === 0) return undefined;
  const changed = s.preflight.flatMap(({ object, mutated }) =>
    mutated === undefined ? [] : [{ object, fields: mutated.map(visible) }],
  );
  const [first] = changed;
  if (first !== undefined) {
    const ref = s.bundle.objects.find((each) => keyOf(each.ref) === first.object)?.ref;
    return blocked('ContentMutated', {
      message: `The API server would store other content than is signed for: ${listed(changed.map(({ object, fields }) => `${fields.join(', ')} of ${objectNamed(object)}`))}; what changes writes of ${objectNamed(first.object)}: ${mutatorsText(ref && s.mutators(ref))}`,
      remedy: `${newCandidate(s, 'so that what it writes is part of what is signed')}. Or, where it writes something else each time: ${mutatedRemedy(first.object, first.fields, s.target.name)}`,
    });
  }
  return blocked('ObjectRefused', {
    message: `The API server refuses ${listed(s.preflight.map(({ object, message }) => `${objectNamed(object)}: ${visible(message)}`))}`,
    remedy: `Fix the object in staging as the API server says. ${newCandidate(s, 'from that')}`,
  });
};

/** In the order in which they would have to be mended: a dry-run says little while another package owns the object. */
const checks = [jobsForTools, immutableFields, claims, foreignContent, dryRun];

/** The first thing that stands in the way of writing the content to production. */
const judge = (s: Seen) => {
  for (const check of checks) {
    const found = check(s);
    if (found !== undefined) return found;
  }
  return passed('PreflightPassed', 'The API server would accept every object as it is');
};

export const preflight = defineGate({
  name: 'Preflight',
  asks: 'Would the API server accept every object, and does nobody else own it?',
  reads,
  rejudgedAtAdmission:
    'The API server judges each write when it happens, and the webhook compares what it writes with the signed content.',
  exceptable: 'What the API server refuses it refuses whatever people sign.',
  judge,
});
