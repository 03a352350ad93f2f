/** People who hold the right to keep the Secrets of a production namespace: they create and change them, recorded first. */
import { group } from '../../api/kinds.ts';
import type { JsonObject } from '../../api/meta.ts';
import { objectAt, textAt } from '../json/json.ts';
import { lifetimeOf, sameLifetime } from '../manifest/lifetime.ts';
import { isSystemName } from '../people/identity.ts';
import { questionKey } from '../api-queries.ts';
import { visible } from '../safe-text.ts';
import { admittedAct } from './admitted-entry.ts';
import { rightTo } from './operations.ts';
import { allowed, type AdmissionRequest, type AdmissionVerdict } from './request.ts';
import type { AdmissionSnapshot } from './snapshot.ts';

/** Credentials of accounts of the cluster, and the record of a delivery tool, from which that tool deploys. */
const ofOthers: ReadonlySet<string> = new Set([
  'kubernetes.io/service-account-token',
  'bootstrap.kubernetes.io/token',
  'helm.sh/release.v1',
]);

/** Labels and annotations of ours say something to us. */
const isMarked = (object: JsonObject | undefined): boolean =>
  ['labels', 'annotations']
    .flatMap((field) => Object.keys(objectAt(object, 'metadata', field)))
    .map((key) => key.split('/')[0] ?? '')
    .some((domain) => domain === group || domain.endsWith(`.${group}`));

/** The API server's own guard says the same (charts/countersign/templates/guard/configuration.yaml). */
const isKeeping = ({ resource, subresource, operation, object, oldObject }: AdmissionRequest): boolean =>
  resource.group === '' &&
  resource.resource === 'secrets' &&
  subresource === '' &&
  (operation === 'CREATE' || operation === 'UPDATE') &&
  ![object, oldObject].some((each) => ofOthers.has(textAt(each, 'type') ?? '')) &&
  sameLifetime(lifetimeOf(object ?? {}), lifetimeOf(oldObject ?? {})) &&
  !isMarked(object);

/** @returns undefined when it is no such act, or the caller does not hold the right by its name: then other grounds are looked for */
export const judgeSecretKeeper = (request: AdmissionRequest, s: AdmissionSnapshot): AdmissionVerdict | undefined => {
  if (!isKeeping(request) || isSystemName(request.user.username)) return undefined;
  const right = rightTo('keepsecrets', request);
  const answer = s.answers.get(questionKey(right));
  if (answer === undefined) return { is: 'Ask', questions: [right] };
  if (answer.kind !== 'Yes') return undefined;
  const act = request.operation === 'CREATE' ? 'create' : 'change';
  return allowed({
    record: admittedAct(request, s, { grounds: 'KeepSecrets', detail: `${act} Secret ${request.name}` }),
    warnings: [
      `countersign: running pods do not restart automatically after a change of Secret ${visible(request.name)}. Next: a holder of operate restarts what reads it: kubectl rollout restart deployment/<name> -n ${request.namespace}`,
    ],
  });
};
