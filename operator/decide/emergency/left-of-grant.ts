/** What an access was made of and is still there, though it was deleted. */
import { finalizersAmong } from '../manifest/lifetime.ts';
import { argumentFor, listed } from '../messages.ts';
import type { ObjectKey } from '../objects.ts';
import { grantKeys } from '../record/grant-names.ts';
import type { EmergencySnapshot } from './snapshot.ts';

export const leftOfGrant = (s: Pick<EmergencySnapshot, 'uid' | 'made'>): ObjectKey[] =>
  grantKeys(s.uid).filter((key) => s.made(key) !== undefined);

/** For people: what keeps each, and who takes that off; undefined = nothing is kept. */
export const leftOfGrantText = (s: Pick<EmergencySnapshot, 'uid' | 'made' | 'namespace'>): string | undefined => {
  const kept = leftOfGrant(s).flatMap((key) => {
    const made = s.made(key);
    const names = made?.deleting === true ? (finalizersAmong(made.lifetime) ?? []) : [];
    return names.length === 0
      ? []
      : [
          `${key} is being deleted, and ${listed(names)} holds it. A holder of administer in ${s.namespace} takes it off: kubectl patch ${argumentFor(key)} -n ${s.namespace} --type=json -p '[{"op":"remove","path":"/metadata/finalizers"}]'`,
        ];
  });
  return kept.length === 0 ? undefined : kept.join('; ');
};
