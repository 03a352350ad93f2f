/** Content that something of the cluster changes on its way to production: who, and what to do about it. */
import type { Unstable } from '../api-queries.ts';
import { entryNaming, listed, objectNamed } from '../messages.ts';
import { keyOf, type ObjectKey, type ObjectRef } from '../objects.ts';
import { visible } from '../safe-text.ts';

/** What may have done it, as far as it is known: by configuration, as kubectl takes it. */
export const mutatorsText = (mutators: readonly string[] | undefined): string =>
  mutators === undefined || mutators.length === 0
    ? 'no mutating webhook or policy of others that is known'
    : listed([...mutators]);

/** A path as `unmanagedFields` takes it. */
const asDeclared = (path: string): string => path.replaceAll(/\['([A-Za-z0-9._/-]+)'\]/g, '[$1]');

/** What to do about it: for fields that nobody needs, or by whoever runs the mutator. */
export const mutatedRemedy = (object: ObjectKey, fields: readonly string[], namespace: string): string =>
  `A platform admin has the named webhook or policy write the same each time, or leave ${namespace} out, or lists the annotations and labels among ${listed(fields.map(asDeclared))} under unmanagedFields for {${entryNaming(object)}}: kubectl edit releasepolicy production -n ${namespace}`;

/** Why an object that comes out otherwise when it is written again cannot be signed for; undefined = it does not. */
export const mutatedText = (
  ref: ObjectRef,
  unstable: readonly Unstable[],
  { namespace, mutators }: { readonly namespace: string; readonly mutators: readonly string[] | undefined },
): string | undefined => {
  const [first] = unstable;
  if (first === undefined) return undefined;
  const object = keyOf(ref);
  const fields = [...new Set(unstable.flatMap((each) => each.fields))].map(visible);
  const how =
    first.by === 'operator'
      ? 'come out otherwise each time it is written'
      : 'come out otherwise when a rollback writes it, so what goes forward could not go back';
  return `${listed(fields)} of ${objectNamed(object)} ${how}; what changes writes of it: ${mutatorsText(mutators)}. Next: ${mutatedRemedy(object, fields, namespace)}`;
};
