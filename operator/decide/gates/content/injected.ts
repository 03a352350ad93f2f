/** Containers whose image an injector completes when their pods are created: the policy names them, and they are shown to signers. */
import type { ReleasePolicy } from '../../../api/policy.ts';
import { keyNamed, namedInFull } from '../../manifest/kinds/index.ts';
import { keyOf, type ImagePlace, type ObjectRef } from '../../objects.ts';

/** No registry hands this out: injectors look for it and put their own image in its place. */
export const placeholder = 'auto';

/** Does the policy leave this image to an injector? Any other reference than the placeholder is what runs where no injector replaces it. */
export const isInjected = (
  policy: Pick<ReleasePolicy, 'spec'> | undefined,
  ref: ObjectRef,
  image: ImagePlace & { readonly reference: string },
): boolean =>
  image.place === 'container' &&
  image.reference === placeholder &&
  policy?.spec.injected.some((each) => keyNamed(each) === keyOf(ref) && each.container === image.name) === true;

/** What a platform admin types to leave a container to an injector. */
export const leaveToInjector = (policy: ReleasePolicy, ref: ObjectRef, container: string): string => {
  const { group, ...named } = namedInFull(ref);
  const value = { ...named, ...(group === '' ? {} : { group }), container };
  const patch = [{ op: 'add', path: '/spec/injected/-', value }];
  return `kubectl patch relpol ${policy.metadata.name} -n ${policy.metadata.namespace} --type=json -p '${JSON.stringify(patch)}'`;
};
