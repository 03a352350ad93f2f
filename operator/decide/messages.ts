/** How messages name things. */
import type { ObjectKey } from './objects.ts';

/** How many things of a list a message names. */
const longestList = 5;

/** `a, b and c`; of a long list the beginning and how many more. */
export const listed = (items: readonly string[]): string => {
  if (items.length > longestList) {
    return `${items.slice(0, longestList).join(', ')} and ${items.length - longestList} more`;
  }
  const last = items.at(-1) ?? '';
  return items.length < 2 ? last : `${items.slice(0, -1).join(', ')} and ${last}`;
};

/** `Deployment api` for `Deployment/api`. */
export const objectNamed = (key: ObjectKey): string => key.replace('/', ' ');

/** `kind: Deployment, name: api`, as an entry of a list names it: with the group of its kind, where that is not one of Kubernetes itself. */
export const entryNaming = (key: ObjectKey): string => {
  const slash = key.indexOf('/');
  const [kind = '', ...group] = key.slice(0, slash).split('.');
  return `kind: ${kind}, name: ${key.slice(slash + 1)}${group.length === 0 ? '' : `, group: ${group.join('.')}`}`;
};

/** `deployment/api`, as kubectl takes it. */
export const argumentFor = (key: ObjectKey): string => {
  const [kind = '', name = ''] = key.split('/');
  return `${kind.toLowerCase()}/${name}`;
};

/**
 * What a refusal of the API server says first. The lines after it quote what is live, of a claim for example its whole spec, and a message of
 * ours is also read by those who may not read production.
 */
export const firstLine = (said: string): string => said.split('\n', 1)[0] ?? '';

/** One word of a command, quoted where a shell would read more into it. */
export const shellWord = (text: string): string =>
  /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", String.raw`'\''`)}'`;
