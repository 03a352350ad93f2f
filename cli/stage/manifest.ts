/** The ReleaseCandidate that is created, out of what was typed and what staging says. */
import { readFileSync } from 'node:fs';
import { apiVersion } from '../../operator/api/kinds.ts';
import type { ReleaseCandidate } from '../../operator/api/candidate.ts';
import type { JsonObject } from '../../operator/api/meta.ts';
import { jsonObject } from '../../operator/api/meta.ts';
import { objectAt, textAt } from '../../operator/decide/json/json.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { Problem, exitCodes } from '../exit.ts';
import type { Session } from '../session.ts';
import { newestFirst } from '../candidate/find.ts';
import { candidateOf } from '../candidate/objects.ts';
import { notesFor } from './notes.ts';

/** `key=value,…` as labels. @throws Problem */
export const labelsIn = (text: string): Readonly<Record<string, string>> =>
  Object.fromEntries(
    text.split(',').map((each) => {
      const [key = '', value] = each.split(/==?/);
      if (key === '' || value === undefined) {
        throw new Problem(
          `${text} is no selector that a candidate takes`,
          'Write it as key=value,key=value',
          exitCodes.usage,
        );
      }
      return [key, value];
    }),
  );

/** `kind/name=reason` as an entry of leaveOut. */
const leftOut = (text: string): JsonObject => {
  const [, kind, name, reason] = /^([^/=]+)\/([^=]+)=(.+)$/.exec(text) ?? [];
  if (kind === undefined || name === undefined || reason === undefined) {
    throw new Problem(
      `--leave-out ${text} says no reason`,
      "Write it as --leave-out 'Secret/db=production has its own'",
      exitCodes.usage,
    );
  }
  return { kind: kind.charAt(0).toUpperCase() + kind.slice(1), name, reason };
};

/** What the newest candidate of the namespace says, for what is not typed. */
const before = async (cluster: Cluster, namespace: string): Promise<readonly ReleaseCandidate[]> =>
  newestFirst((await cluster.listOur('ReleaseCandidate', { namespace })).map(candidateOf));

const theOne = (values: readonly string[], what: string, option: string): string => {
  const all = [...new Set(values)];
  const [only] = all;
  if (only !== undefined && all.length === 1) return only;
  throw new Problem(
    only === undefined ? `It is not known ${what}` : `There are several: ${all.join(', ')}`,
    `Add --${option} <name>`,
    exitCodes.usage,
  );
};

const overlayIn = async (file: string): Promise<unknown> => {
  const { parse } = await import('yaml');
  const parsed: unknown = parse(readFileSync(file, 'utf8'));
  return Array.isArray(parsed) ? parsed : jsonObject(parsed)['overlay'];
};

/** The label by which objects are chosen says what they are a part of: of which package, or of which Helm release. */
const packageLabelled = (takes: JsonObject): string | undefined => {
  const labels = objectAt(takes, 'selector', 'matchLabels');
  return textAt(labels, 'app.kubernetes.io/part-of') ?? textAt(labels, 'app.kubernetes.io/instance');
};

/**
 * Everything but which objects it takes.
 *
 * @param places `production`: the namespace that was named, where it is one of production
 */
export const candidateManifest = async (
  session: Session,
  { namespace, production }: { readonly namespace: string; readonly production: string | undefined },
  takes: JsonObject,
) => {
  const cluster = await session.cluster();
  const version = session.text('version');
  if (version === undefined) {
    throw new Problem('A release has a version', 'Add --version <version>, such as --version 2.4.0', exitCodes.usage);
  }
  const earlier = await before(cluster, namespace);
  const targetNamespace =
    session.text('to') ??
    production ??
    theOne(
      earlier.map(({ spec }) => spec.targetNamespace),
      'which production namespace it goes to',
      'to',
    );
  const packages = earlier
    .filter(({ spec }) => spec.targetNamespace === targetNamespace)
    .map(({ spec }) => spec.package);
  const labelled = packageLabelled(takes);
  const name =
    session.text('package') ??
    // A label says it, unless earlier releases were called something else.
    (labelled !== undefined && (packages.length === 0 || packages.includes(labelled))
      ? labelled
      : theOne(packages, 'which package it is', 'package'));
  const overlay = session.text('overlayFile');
  const optional = {
    change: session.text('ticket'),
    incident: session.text('incident'),
    replaces: session.text('replaces'),
    followsUp: session.text('followsUp'),
    ...(session.flag('expedited') ? { urgency: 'Expedited' } : {}),
  };
  const leaveOut = session.texts('leaveOut').map(leftOut);
  return {
    apiVersion,
    kind: 'ReleaseCandidate',
    metadata: {
      name: session.text('name') ?? `${name}-${version}`.toLowerCase().replaceAll(/[^a-z0-9.-]+/g, '-'),
      namespace,
    },
    spec: {
      targetNamespace,
      package: name,
      version,
      ...takes,
      ...(leaveOut.length === 0 ? {} : { leaveOut }),
      ...(overlay === undefined ? {} : { overlay: await overlayIn(overlay) }),
      ...Object.fromEntries(Object.entries(optional).filter(([, value]) => value !== undefined)),
      notes: await notesFor(session),
    },
  };
};
