/** Where content names the staging namespace as a place: production would go on talking to staging. */
import type { Json, JsonObject } from '../../api/meta.ts';
import { isList, isObject } from '../json/json.ts';
import type { Path, Step } from '../json/field-path.ts';

/** What staging is called, and what is there. */
export interface StagingNames {
  readonly namespace: string;
  /** The namespace of production, to which what is found would be corrected. */
  readonly target: string;
  /** Names of the Services of staging. */
  readonly services: ReadonlySet<string>;
  /** Hosts that Ingresses and routes of staging serve, and those of production and of the release do not. */
  readonly hosts: readonly string[];
}

/** One place. */
export interface FoundName {
  readonly path: Path;
  /** What is written there, without what stands around it. */
  readonly found: string;
  readonly value: string;
  /** The same with production's name; undefined = nobody but people can know it. */
  readonly fixed: string | undefined;
}

/** Every place of a content, in its order. */
export const stagingNamesIn = (content: JsonObject, names: StagingNames): readonly FoundName[] => {
  const search = searchFor(names);
  return [...textsIn(content, [])].flatMap(({ path, value }): FoundName[] => {
    if (!search.mayHold(value) || isOwnName(path)) return [];
    const found = search.find(value, contextOf(path, content));
    return found === undefined ? [] : [{ path, value, ...found }];
  });
};

interface Text {
  readonly path: Path;
  readonly value: string;
}

function* textsIn(value: Json, path: readonly Step[]): Generator<Text, void, void> {
  if (typeof value === 'string') yield { path, value };
  else if (isList(value)) {
    for (const [index, item] of value.entries()) yield* textsIn(item, [...path, { index }]);
  } else if (isObject(value)) {
    for (const [field, item] of Object.entries(value)) yield* textsIn(item, [...path, { field }]);
  }
}

const fieldsOf = (path: Path): readonly string[] => path.flatMap((step) => ('field' in step ? [step.field] : []));

/** A name or label of an object itself is a word, not a place. */
const isOwnName = (path: Path): boolean => {
  const [last, above] = fieldsOf(path).toReversed();
  return (above === 'metadata' && (last === 'name' || last === 'namespace')) || above === 'labels' || last === 'image';
};

/**
 * How a text is read. `Place`: it is, or is among, the names of namespaces, so that the name alone counts. `Program`: a program reads it, in
 * which the name alone counts if it is no common word. `Text`: only what is written like a host, a path or a field counts.
 */
type Context = 'Place' | 'Program' | 'Host' | 'Text';

const namespaceKeys = /^(?:namespaces?|matchNames|excludedNamespaces?|\w+Namespaces?)$/;
const hostKeys: ReadonlySet<string> = new Set(['host', 'hosts', 'hostnames', 'dnsNames', 'externalName']);
const namespaceWords = /(?:^|[_-])(?:namespaces?|ns)$/i;

const contextOf = (path: Path, content: JsonObject): Context => {
  const fields = fieldsOf(path);
  const last = fields.at(-1) ?? '';
  if (namespaceKeys.test(last) || isOfNamespaceSelector(path, content)) return 'Place';
  if (last === 'args' || last === 'command') return followsNamespaceFlag(path, content) ? 'Place' : 'Program';
  if (fields.includes('env') && last === 'value') {
    return namespaceWords.test(siblingText(path, content, 'name')) ? 'Place' : 'Program';
  }
  if (hostKeys.has(last)) return 'Host';
  const isData = fields.length === 2 && fields[0] === 'data';
  if (!isData) return 'Text';
  return namespaceWords.test(last) || /namespace$/i.test(last) ? 'Place' : 'Program';
};

const nameLabel = 'kubernetes.io/metadata.name';

/** A label by which namespaces are picked. */
const isOfNamespaceSelector = (path: Path, content: JsonObject): boolean => {
  const fields = fieldsOf(path);
  if (fields.at(-1) === nameLabel) return true;
  if (fields.includes('namespaceSelector')) return fields.includes('matchLabels') || fields.at(-1) === 'values';
  return fields.at(-1) === 'values' && siblingText(path.slice(0, -1), content, 'key') === nameLabel;
};

/** What stands beside a place under another name. */
const siblingText = (path: Path, content: JsonObject, name: string): string => {
  const found = valueAt(content, [...path.slice(0, -1), { field: name }]);
  return typeof found === 'string' ? found : '';
};

const valueAt = (value: Json | undefined, path: Path): Json | undefined =>
  path.reduce<Json | undefined>((inner, step) => {
    if ('field' in step) return isObject(inner) && Object.hasOwn(inner, step.field) ? inner[step.field] : undefined;
    return 'index' in step && isList(inner) ? inner[step.index] : undefined;
  }, value);

const namespaceFlag = /^(?:-n|--?[\w-]*namespaces?)$/i;

const followsNamespaceFlag = (path: Path, content: JsonObject): boolean => {
  const last = path.at(-1);
  if (last === undefined || !('index' in last) || last.index === 0) return false;
  const before = valueAt(content, [...path.slice(0, -1), { index: last.index - 1 }]);
  return typeof before === 'string' && namespaceFlag.test(before);
};

interface Search {
  /** Whether a text is worth a look: most are not. */
  readonly mayHold: (text: string) => boolean;
  readonly find: (text: string, context: Context) => Pick<FoundName, 'found' | 'fixed'> | undefined;
}

const escape = (text: string): string => text.replaceAll(/[\\^$.*+?()[\]{}|-]/g, String.raw`\$&`);

/** What neither a DNS name nor a word goes on with. */
const before = '(?<![A-Za-z0-9_-])';
const after = String.raw`(?![A-Za-z0-9_-])`;
/** And no further label follows. */
const end = String.raw`(?![A-Za-z0-9_-]|\.[A-Za-z0-9])`;

const searchFor = ({ namespace, target, services, hosts }: StagingNames): Search => {
  const name = escape(namespace);
  // No domain of the top is called so, and no word of a language.
  const isDistinctive = namespace.includes('-');
  const anywhere: readonly RegExp[] = [
    new RegExp(String.raw`(?:[A-Za-z0-9.*-]*\.)?${before}(?<name>${name})\.svc${after}[.A-Za-z0-9-]*`, 'dg'),
    new RegExp(String.raw`\bnamespaces/(?<name>${name})${end}`, 'dg'),
    new RegExp(String.raw`/ns/(?<name>${name})(?=/)`, 'dg'),
    new RegExp(String.raw`\bsystem:serviceaccounts?:(?<name>${name})${end}`, 'dg'),
    new RegExp(String.raw`\b\w*namespaces?["']?\s*[:=]\s*\[?\s*["']?(?<name>${name})${end}`, 'dgi'),
  ];
  const short = new RegExp(
    String.raw`${before}(?<service>[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)\.(?<name>${name})${end}`,
    'dg',
  );
  const alone = new RegExp(String.raw`(?<![^\s=,;|"'])(?<name>${name})(?![^\s=,;|"'])`, 'dg');
  const ofHost = new RegExp(String.raw`${before}(?<name>${name})(?=\.)`, 'dg');
  const served = hosts.map((host) => new RegExp(String.raw`(?<![A-Za-z0-9_.-])${escape(host)}${end}`, 'gi'));

  const spansIn = (text: string, context: Context): readonly RegExpExecArray[] => [
    ...anywhere.flatMap((pattern) => [...text.matchAll(pattern)]),
    ...[...text.matchAll(short)].filter((match) => isDistinctive || services.has(match.groups?.['service'] ?? '')),
    ...(context === 'Place' || (context === 'Program' && isDistinctive && isShort(text))
      ? [...text.matchAll(alone)]
      : []),
    ...(context === 'Host' && isDistinctive ? [...text.matchAll(ofHost)] : []),
  ];
  return {
    mayHold: (text) => text.includes(namespace) || hosts.some((host) => text.includes(host)),
    find(text, context) {
      const spans = spansIn(text, context);
      const [first] = spans;
      if (first !== undefined) return { found: first[0], fixed: corrected(text, spans, { namespace, target }) };
      const [host] = served.flatMap((pattern) => [...text.matchAll(pattern)]);
      return host === undefined ? undefined : { found: host[0], fixed: undefined };
    },
  };
};

/** A value or an argument; in whole files a word may stand in a comment. */
const isShort = (text: string): boolean => text.length <= 1_000 && !text.includes('\n');

const corrected = (
  text: string,
  spans: readonly RegExpExecArray[],
  { namespace, target }: Pick<StagingNames, 'namespace' | 'target'>,
): string => {
  const places = new Set(spans.flatMap((match) => match.indices?.groups?.['name']?.[0] ?? []));
  return [...places]
    .toSorted((a, b) => b - a)
    .reduce((left, place) => `${left.slice(0, place)}${target}${left.slice(place + namespace.length)}`, text);
};
