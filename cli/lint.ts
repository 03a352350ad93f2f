/** Manifests of ours checked without a cluster: types, bounds, unknown fields, calendars. What needs the cluster the API server judges. */
import type { Document, LineCounter, Node } from 'yaml';
import { apiVersion, policyName } from '../operator/api/kinds.ts';
import type { Definition } from '../operator/api/definition.ts';
import { windowAt } from '../operator/decide/schedule.ts';
import { isRecord } from '../operator/kube/resource.ts';

/** Something that is wrong, or that should be looked at. */
export interface Fault {
  readonly line: number;
  readonly severity: 'error' | 'warning';
  readonly path: string;
  readonly message: string;
}

/** What the API server writes: a file leaves it out. */
const stamped = { username: 'somebody', uid: '', groups: [] };
const stamps: readonly string[] = ['author', 'approver', 'grantor', 'requester'];

/** A manifest as the API server would have it stored, so that the schemas of stored objects read it. */
export const asStored = (object: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> => {
  const metadata = isRecord(object['metadata']) ? object['metadata'] : {};
  const spec = isRecord(object['spec']) ? object['spec'] : {};
  return {
    ...object,
    metadata: {
      namespace: 'default',
      ...metadata,
      name: metadata['name'] ?? metadata['generateName'],
      uid: 'none',
      resourceVersion: '0',
      generation: 1,
      creationTimestamp: '2026-01-01T00:00:00Z',
    },
    spec: { ...Object.fromEntries(stamps.map((stamp) => [stamp, stamped])), ...spec },
  };
};

type Path = readonly PropertyKey[];

const textOf = (path: Path): string =>
  path
    .map((key) => (typeof key === 'number' ? `[${key}]` : `.${String(key)}`))
    .join('')
    .replace(/^\./, '');

/** Fields that the schema dropped: it knows none of them. */
function* unknownFields(given: unknown, kept: unknown, path: Path): Generator<Path> {
  if (Array.isArray(given) && Array.isArray(kept)) {
    for (const [at, item] of given.entries()) yield* unknownFields(item, kept[at], [...path, at]);
  } else if (isRecord(given) && isRecord(kept)) {
    for (const [key, value] of Object.entries(given)) {
      if (key in kept) yield* unknownFields(value, kept[key], [...path, key]);
      else yield [...path, key];
    }
  }
}

/** The line of a field, or of the nearest thing around it. */
export const lineOf = (document: Document, lines: LineCounter, path: Path): number => {
  for (let length = path.length; length >= 0; length -= 1) {
    const found: unknown = document.getIn(path.slice(0, length), true);
    const range = isRecord(found) ? (found as Partial<Node>).range : undefined; // oxlint-disable-line typescript/no-unsafe-type-assertion -- getIn with true gives nodes
    if (range !== undefined && range !== null) return lines.linePos(range[0]).line;
  }
  return lines.linePos(document.range?.[0] ?? 0).line;
};

interface Tools {
  readonly definitions: readonly Definition[];
  readonly now: number;
}

interface PolicyFault {
  readonly path: Path;
  readonly severity: Fault['severity'];
  readonly message: string;
}

/** What its schema cannot say of a policy. */
function* policyFaults(spec: unknown, now: number): Generator<PolicyFault> {
  if (!isRecord(spec)) return;
  const windows: readonly unknown[] = Array.isArray(spec['windows']) ? spec['windows'] : [];
  for (const [at, window] of windows.entries()) {
    if (!isRecord(window)) continue;
    const { schedule, duration, timeZone = 'UTC' } = window;
    const state = windowAt({ schedule: String(schedule), duration: String(duration), timeZone: String(timeZone) }, now);
    const path = ['spec', 'windows', at, 'schedule'];
    if (state.is === 'Invalid') yield { severity: 'error', path, message: state.problem };
    if (state.is === 'Closed' && state.opensAt === undefined)
      yield { severity: 'error', path, message: 'it never opens' };
  }
  if (typeof spec['reviewBy'] === 'string' && Date.parse(spec['reviewBy']) < now) {
    yield { severity: 'warning', path: ['spec', 'reviewBy'], message: 'the day of the review has passed' };
  }
}

/** Faults of one document; undefined = it is none of ours. */
export const lintDocument = (document: Document, lines: LineCounter, tools: Tools): readonly Fault[] | undefined => {
  const broken = document.errors.map((error): Fault => ({
    line: error.linePos?.[0].line ?? 1,
    severity: 'error',
    path: '',
    message: error.message.split('\n')[0] ?? '',
  }));
  if (broken.length > 0) return broken;
  let object: unknown;
  try {
    object = document.toJS();
  } catch (error) {
    // Aliases of aliases, which would fill the memory.
    return [{ line: 1, severity: 'error', path: '', message: error instanceof Error ? error.message : String(error) }];
  }
  if (!isRecord(object)) return undefined;
  const definition = tools.definitions.find(({ kind }) => kind === object['kind']);
  if (definition === undefined) return undefined;
  const fault = (path: Path, message: string, severity: Fault['severity'] = 'error'): Fault => ({
    line: lineOf(document, lines, path),
    severity,
    path: textOf(path),
    message,
  });
  const faults: Fault[] = [];
  if (object['apiVersion'] !== apiVersion) faults.push(fault(['apiVersion'], `it is not ${apiVersion}`));
  const stored = asStored(object);
  const parsed = definition.schema.safeParse(stored);
  for (const issue of parsed.error?.issues ?? []) {
    if (issue.path[0] !== 'apiVersion') faults.push(fault(issue.path, issue.message));
  }
  if (parsed.success) {
    const spec = { given: stored['spec'], kept: isRecord(parsed.data) ? parsed.data['spec'] : undefined };
    for (const path of unknownFields(spec.given, spec.kept, ['spec'])) {
      if (path.length !== 2 || !stamps.includes(String(path[1]))) faults.push(fault(path, 'there is no such field'));
    }
  }
  if (definition.kind === 'ReleasePolicy') {
    const metadata = isRecord(object['metadata']) ? object['metadata'] : {};
    if (metadata['name'] !== policyName)
      faults.push(fault(['metadata', 'name'], `a namespace has one ReleasePolicy: name it ${policyName}`));
    for (const { path, severity, message } of policyFaults(object['spec'], tools.now))
      faults.push(fault(path, message, severity));
  }
  return faults.toSorted((a, b) => a.line - b.line);
};
