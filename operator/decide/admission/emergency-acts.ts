/** May somebody do this under an emergency access? To the second, on the API server's clock, and only what `manifest/emergency-acts.ts` lists. */
import type { EmergencyAccess } from '../../api/emergency.ts';
import type { Json, JsonObject } from '../../api/meta.ts';
import { notAfterOf } from '../emergency/grant.ts';
import type { EmergencyRecord } from '../record/emergency.ts';
import { canonicalJson } from '../json/canonical.ts';
import { listAt, numberAt, textAt } from '../json/json.ts';
import { admittedAct } from './admitted-entry.ts';
import {
  allowed,
  refuse,
  refuseYet,
  subjectText,
  verbText,
  type AdmissionRequest,
  type AdmissionVerdict,
  type Operation,
} from './request.ts';
import type { AdmissionSnapshot } from './snapshot.ts';
import { emergencyActs } from '../manifest/emergency-acts.ts';
import type { EmergencyVerb } from '../manifest/kinds/shared/kind.ts';

/** @returns undefined when the caller has no emergency access to speak of */
export const judgeEmergency = (request: AdmissionRequest, s: AdmissionSnapshot): AdmissionVerdict | undefined => {
  const { username } = request.user;
  const mine = [...s.record.emergencies.all.values()].filter(
    ({ grantee, stage }) => grantee === username && stage !== 'Refused' && stage !== 'Closed',
  );
  const refusals: AdmissionVerdict[] = [];
  for (const emergency of mine) {
    const obstacle = notHeld(request, emergency, s);
    if (obstacle === undefined) return act(request, emergency, s);
    refusals.push(obstacle);
  }
  return refusals.at(-1) ?? notGranted(request, s);
};

/** What stands in the way of using an access at all, whatever for; undefined = it is held now. */
const notHeld = (
  request: AdmissionRequest,
  emergency: EmergencyRecord,
  s: AdmissionSnapshot,
): AdmissionVerdict | undefined => {
  const access = s.accesses(emergency.grantee).find(({ metadata }) => metadata.uid === emergency.uid);
  switch (emergency.stage) {
    case 'Granted':
      return notOpen(request, emergency.name);
    case 'Opened':
      break;
    case 'Refused':
    case 'Ended':
    case 'Accounted':
    case 'Closed':
      return over(request, emergency, s, emergency.message);
  }
  if (s.serverTime === undefined) return { is: 'Wait', message: "the API server's clock is not known yet" };
  if (s.serverTime.latest >= emergency.notAfter) return over(request, emergency, s, 'its time is up');
  if (access === undefined || access.metadata.deletionTimestamp !== undefined) {
    return over(request, emergency, s, 'the object is gone');
  }
  if (access.spec.revoked) return over(request, emergency, s, 'it was revoked');
  return isAsGranted(access, emergency) ? undefined : over(request, emergency, s, 'it is not what was granted');
};

/** The object and the ledger say the same of who is let in and until when. */
export const isAsGranted = (access: EmergencyAccess, emergency: EmergencyRecord): boolean =>
  access.metadata.uid === emergency.uid &&
  access.spec.grantee === emergency.grantee &&
  notAfterOf(access) === emergency.notAfter;

const over = (
  request: AdmissionRequest,
  { name }: EmergencyRecord,
  s: AdmissionSnapshot,
  why: string,
): AdmissionVerdict => {
  const source = s.policy?.spec.sourceNamespace ?? '';
  return refuse(request, 'EmergencyOver', { emergency: name, ended: why, source });
};

const notOpen = (request: AdmissionRequest, name: string): AdmissionVerdict =>
  refuseYet(request, 'EmergencyNotOpen', { emergency: name });

/** One was created for them, and the ledger, as far as it is known here, says nothing of it. */
const notGranted = (request: AdmissionRequest, s: AdmissionSnapshot): AdmissionVerdict | undefined => {
  const asked = s
    .accesses(request.user.username)
    .find((access) => !s.record.emergencies.all.has(access.metadata.uid) && !access.spec.revoked);
  return asked === undefined ? undefined : notOpen(request, asked.metadata.name);
};

const acts: Readonly<Record<Operation, EmergencyVerb>> = {
  CREATE: 'create',
  UPDATE: 'update',
  DELETE: 'delete',
  CONNECT: 'connect',
};

const isCovered = ({ resource, subresource, operation }: AdmissionRequest): boolean => {
  const name = subresource === '' ? resource.resource : `${resource.resource}/${subresource}`;
  return emergencyActs.some(
    (each) => each.group === resource.group && each.resource === name && each.acts.includes(acts[operation]),
  );
};

/** Secrets that are somebody's identity. */
const identities: ReadonlySet<string> = new Set([
  'kubernetes.io/service-account-token',
  'bootstrap.kubernetes.io/token',
]);

const isIdentity = ({ resource, object, oldObject }: AdmissionRequest): boolean =>
  resource.group === '' &&
  resource.resource === 'secrets' &&
  [object, oldObject].some((each) => identities.has(textAt(each, 'type') ?? ''));

const act = (request: AdmissionRequest, { name, uid }: EmergencyRecord, s: AdmissionSnapshot): AdmissionVerdict => {
  if (!isCovered(request)) {
    return refuse(request, 'EmergencyActNotCovered', { emergency: name });
  }
  if (isIdentity(request)) {
    return refuse(request, 'EmergencySecretType', {
      type: textAt(request.object ?? request.oldObject, 'type') ?? '',
    });
  }
  if (changesLifetime(request)) {
    return refuse(request, 'EmergencyLifetime', { emergency: name });
  }
  return allowed({
    record: admittedAct(request, s, { grounds: 'Emergency', emergency: uid, detail: `${name}: ${whatFor(request)}` }),
  });
};

/** Put on every new PersistentVolumeClaim by the API server itself. */
const claimFinalizer = 'kubernetes.io/pvc-protection';

/** When the object goes would depend on something else than before. */
const changesLifetime = ({ operation, subresource, object, oldObject }: AdmissionRequest): boolean => {
  if (subresource !== '' || (operation !== 'CREATE' && operation !== 'UPDATE')) return false;
  const [after, before] = [object, oldObject].map((each) =>
    canonicalJson([
      listAt(each, 'metadata', 'finalizers').filter((name) => name !== claimFinalizer),
      listAt(each, 'metadata', 'ownerReferences'),
    ]),
  );
  return after !== before;
};

/** What the digests do not say. */
const whatFor = (request: AdmissionRequest): string => {
  const { operation, subresource, object, oldObject } = request;
  const plain = `${verbText(request)} ${subjectText(request)}`;
  if (operation === 'CONNECT') return `${plain}${sessionText(object)}`;
  if (subresource === 'scale') return `${plain}, replicas ${replicas(oldObject)} to ${replicas(object)}`;
  if (subresource === 'ephemeralcontainers') return `${plain}${addedText(object, oldObject)}`;
  return plain;
};

const replicas = (scale: JsonObject | undefined): number => numberAt(scale, 'spec', 'replicas') ?? 0;

/** Of a session (PodExecOptions, PodAttachOptions, PodPortForwardOptions): where it leads and what it runs. */
const sessionText = (options: JsonObject | undefined): string => {
  const container = textAt(options, 'container') ?? '';
  const command = listAt(options, 'command');
  const ports = listAt(options, 'ports');
  return [
    container === '' ? '' : `, container ${container}`,
    command.length === 0 ? '' : `, command ${JSON.stringify(command)}`,
    ports.length === 0 ? '' : `, ports ${JSON.stringify(ports)}`,
  ].join('');
};

const debuggers = (pod: JsonObject | undefined): readonly Json[] => listAt(pod, 'spec', 'ephemeralContainers');

const addedText = (pod: JsonObject | undefined, before: JsonObject | undefined): string => {
  const known = new Set(debuggers(before).map((container) => textAt(container, 'name')));
  return debuggers(pod)
    .filter((container) => !known.has(textAt(container, 'name')))
    .map((container) => {
      const run = [...listAt(container, 'command'), ...listAt(container, 'args')];
      return `, container ${textAt(container, 'name') ?? ''} of ${textAt(container, 'image') ?? ''}${run.length === 0 ? '' : `, command ${JSON.stringify(run)}`}`;
    })
    .join('');
};
