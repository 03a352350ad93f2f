/** The command by which anybody who may read a bundle reads all of its content, whatever its delta does not show. */
import type { Bundle } from './bundle.ts';
import { storedContent } from './bundle-parts.ts';

/** The names under which a bundle is stored: its own, or those of its parts. */
const stored = ({ name, objects }: Pick<Bundle, 'name' | 'objects'>): readonly string[] => {
  const { parts } = storedContent(objects);
  return parts.length === 0 ? [name] : parts.map((_, index) => partName(name, index));
};

/** The name of a part of a bundle. */
export const partName = (bundle: string, index: number): string => `${bundle}-${index}`;

/** Prints a line for each object of the bundles: its kind and name, and its content as JSON. */
export const showCommand = (bundles: readonly Pick<Bundle, 'name' | 'objects'>[], namespace: string): string => {
  const names = bundles.flatMap(stored);
  const objects = `${names.length > 1 ? '.items[*]' : ''}.spec.objects[*]`;
  return `kubectl get relbundle ${names.join(' ')} -n ${namespace} -o jsonpath='{range ${objects}}{.kind}/{.name} {.content}{"\\n"}{end}'`;
};
