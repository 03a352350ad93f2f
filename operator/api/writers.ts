/** The record that the API server keeps of who changed a staged object: the text of the annotation `countersign.dev/writers`. */

/** Somebody who changed a staged object. */
export interface Writer {
  /** undefined = people whom nobody recorded: the object is older than its record. */
  readonly username: string | undefined;
  /** The resourceVersion of the object that they last changed; `0` for who created it. */
  readonly position: string;
}

/** Most writers of one object; the API server refuses one more. */
export const maxWriters = 100;

const unrecorded = '%';
const line = /^(0|[1-9][0-9]*) (.+)$/su;

/** @returns undefined for a text that is no record: then nobody is known */
export const parseWriters = (text: string): readonly Writer[] | undefined => {
  const writers = text.split('\n').map(parseLine);
  return writers.every((writer) => writer !== undefined) ? writers : undefined;
};

const parseLine = (text: string): Writer | undefined => {
  const [, position, name] = line.exec(text) ?? [];
  if (position === undefined || name === undefined) return undefined;
  return { position, username: name === unrecorded ? undefined : unescaped(name) };
};

const unescaped = (name: string): string => name.replaceAll('%0A', '\n').replaceAll('%25', '%');

/** The same text that the API server writes (charts/countersign/templates/_writers.tpl). */
export const formatWriters = (writers: readonly Writer[]): string =>
  writers.map(({ position, username }) => `${position} ${escaped(username)}`).join('\n');

const escaped = (username: string | undefined): string =>
  username === undefined ? unrecorded : username.replaceAll('%', '%25').replaceAll('\n', '%0A');
