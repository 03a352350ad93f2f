/**
 * The record that the API server keeps of who changed a staged object: the text of the annotation `countersign.dev/writers`. Of a workload
 * that can be scaled it also says how many replicas they wrote: a write to `/scale` changes replicas and leaves no line of its own.
 */

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

/** No username: in those % is written %25. */
const replicasLine = /^(0|[1-9][0-9]*) %replicas$/u;

/** @returns undefined for a text that is no record: then nobody is known */
export const parseWriters = (text: string): readonly Writer[] | undefined => {
  const lines = text.split('\n');
  const writers = (replicasLine.test(lines[0] ?? '') ? lines.slice(1) : lines).map(parseLine);
  return writers.length > 0 && writers.every((writer) => writer !== undefined) ? writers : undefined;
};

/** Replicas that the people of the record wrote; undefined = the object has none, or is older than this line of the record. */
export const parseReplicas = (text: string): number | undefined => {
  const [, replicas] = replicasLine.exec(text.split('\n', 1)[0] ?? '') ?? [];
  return replicas === undefined ? undefined : Number(replicas);
};

const parseLine = (text: string): Writer | undefined => {
  const [, position, name] = line.exec(text) ?? [];
  if (position === undefined || name === undefined) return undefined;
  if (name === '%replicas') return undefined; // it stands at the beginning, and once
  return { position, username: name === unrecorded ? undefined : unescaped(name) };
};

const unescaped = (name: string): string => name.replaceAll('%0A', '\n').replaceAll('%25', '%');

/** The same text that the API server writes (charts/countersign/templates/_writers.tpl). */
export const formatWriters = (writers: readonly Writer[], replicas?: number): string =>
  [
    ...(replicas === undefined ? [] : [`${replicas} %replicas`]),
    ...writers.map(({ position, username }) => `${position} ${escaped(username)}`),
  ].join('\n');

const escaped = (username: string | undefined): string =>
  username === undefined ? unrecorded : username.replaceAll('%', '%25').replaceAll('\n', '%0A');
