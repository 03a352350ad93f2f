/** People who hold the right to keep the Secrets of a production namespace: they create and change them, recorded first. */
import { textAt } from '../json/json.ts';
import { lifetimeOf, sameLifetime } from '../manifest/lifetime.ts';
import { isSystemName } from '../people/identity.ts';
import { questionKey } from '../api-queries.ts';
import { visible } from '../safe-text.ts';
import { admittedAct } from './admitted-entry.ts';
import { rightTo } from './operations.ts';
import { allowed, type AdmissionRequest, type AdmissionVerdict } from './request.ts';
import type { AdmissionSnapshot } from './snapshot.ts';

/** Credentials of accounts of the cluster: who writes one is that account. */
const credentials: ReadonlySet<string> = new Set([
  'kubernetes.io/service-account-token',
  'bootstrap.kubernetes.io/token',
]);

const isKeeping = ({ resource, subresource, operation, object, oldObject }: AdmissionRequest): boolean =>
  resource.group === '' &&
  resource.resource === 'secrets' &&
  subresource === '' &&
  (operation === 'CREATE' || operation === 'UPDATE') &&
  ![object, oldObject].some((each) => credentials.has(textAt(each, 'type') ?? '')) &&
  sameLifetime(lifetimeOf(object ?? {}), lifetimeOf(oldObject ?? {}));

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
      `countersign: running pods do not restart by themselves for Secret ${visible(request.name)}. Next: a holder of operate restarts what reads it: kubectl rollout restart deployment/<name> -n ${request.namespace}`,
    ],
  });
};
