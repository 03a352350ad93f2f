/** The command by which anybody who may read a bundle reads all of its content, whatever its delta does not show. */
import type { Bundle } from '../bundle.ts';
import { storedContent } from '../manifest/bundle-parts.ts';

interface StoredAs {
  /** Its own name, or those of its parts. */
  readonly names: readonly string[];
  readonly isCompressed: boolean;
}

const storedAs = ({ name, objects }: Pick<Bundle, 'name' | 'objects'>): StoredAs => {
  const { head, parts } = storedContent(objects);
  return {
    names: parts.length === 0 ? [name] : parts.map((_, index) => partName(name, index)),
    isCompressed: [head, ...parts].some((part) => part.some(({ encoding }) => encoding !== undefined)),
  };
};

/** Unpacks what the lines `<object> gzip=<content>` hold, and leaves what is not compressed as it is. */
const unpack = `while read -r o c; do case "$c" in gzip=*) printf "%s " "$o"; printf %s "\${c#gzip=}" | base64 -d | gunzip; echo;; *) printf "%s %s\\n" "$o" "\${c#=}";; esac; done`;

/** The name of a part of a bundle. */
export const partName = (bundle: string, index: number): string => `${bundle}-${index}`;

/** Prints a line for each object of the bundles: its kind and name, and its content as JSON. */
export const showCommand = (bundles: readonly Pick<Bundle, 'name' | 'objects'>[], namespace: string): string => {
  const all = bundles.map(storedAs);
  const names = all.flatMap(({ names }) => names);
  const isCompressed = all.some((each) => each.isCompressed);
  const content = isCompressed ? '{.encoding}={.content}' : '{.content}';
  const objects = `${names.length > 1 ? '.items[*]' : ''}.spec.objects[*]`;
  return `kubectl get relbundle ${names.join(' ')} -n ${namespace} -o jsonpath='{range ${objects}}{.kind}/{.name} ${content}{"\\n"}{end}'${isCompressed ? ` | ${unpack}` : ''}`;
};
