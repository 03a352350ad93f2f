/** Drops or widens every part of every admission policy in turn, on real API servers, and demands that something notices: `make mutants`. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

import { z } from 'zod';

import { guardTopics, startGuardSuites } from '../test/security/mutations/guard-suites.ts';
import { ownTopics, startOwnSuites } from '../test/security/mutations/own-suites.ts';
import { stale, tryMutants, type Progress } from '../test/security/mutations/mutation.ts';
import type { Started, Verdict } from '../test/security/mutations/suite.ts';

const given = process.argv.slice(2);
const isAsked = (topic: string): boolean => given.length === 0 || given.includes(topic);

/** Some of them, while one works on those. */
const only = process.env['ONLY'] ?? '';

const began = Date.now();
const minutes = (): string => `${((Date.now() - began) / 60_000).toFixed(1)} min`;

const line = ({ is, topic, name, by }: Verdict): string =>
  `${is.padEnd(10)}  ${topic}: ${name}${by === '' ? '' : `  [${by}]`}\n`;

/** Every so many verdicts it says how far it is. */
const mutantsPerLine = 50;

/** What noticed each mutant the last time, so that it is asked first. Without the file a run takes longer, and says the same. */
const hintsFile = join(import.meta.dirname, '..', 'node_modules', '.cache', 'countersign-mutants.json');
const readHints = (): Map<string, string> => {
  try {
    return new Map(Object.entries(z.record(z.string(), z.string()).parse(JSON.parse(readFileSync(hintsFile, 'utf8')))));
  } catch {
    return new Map(); // none yet, or not ours
  }
};
const hints = readHints();
const keyOf = ({ topic, name }: Pick<Verdict, 'topic' | 'name'>): string => `${topic}: ${name}`;

const saveHints = (): void => {
  mkdirSync(dirname(hintsFile), { recursive: true });
  writeFileSync(hintsFile, JSON.stringify(Object.fromEntries(hints)));
};

const tell =
  (where: string) =>
  (verdict: Verdict, { done, all }: Progress): void => {
    process.stdout.write(line(verdict));
    if (verdict.is === 'killed') hints.set(keyOf(verdict), verdict.by);
    if (done % mutantsPerLine !== 0) return;
    process.stdout.write(`--- ${where}: ${done} of ${all} mutants after ${minutes()}\n`);
    saveHints();
  };

interface Place {
  readonly where: string;
  readonly topics: readonly string[];
  readonly start: (topics: readonly string[]) => Promise<Started>;
}

/** The worlds, each with the policies that are tried in it. */
const places: readonly Place[] = [
  { where: 'guard', topics: guardTopics, start: startGuardSuites },
  { where: 'installation', topics: ownTopics, start: startOwnSuites },
];

const known = places.flatMap(({ topics }) => topics);
const unknown = given.filter((topic) => !known.includes(topic));
if (unknown.length > 0) throw new Error(`no policy: ${unknown.join(', ')}; there are ${known.join(', ')}`);

async function tryAt({ where, topics, start }: Place): Promise<readonly Verdict[]> {
  const asked = topics.filter(isAsked);
  if (asked.length === 0) return [];
  process.stdout.write(`--- ${where}: starts a control plane for ${asked.join(', ')}\n`);
  const { world, suites } = await start(asked);
  try {
    process.stdout.write(`--- ${where}: ready after ${minutes()}\n`);
    const likely = (mutant: Pick<Verdict, 'topic' | 'name'>): string | undefined => hints.get(keyOf(mutant));
    return await tryMutants(world, suites, { tell: tell(where), only: new RegExp(only), likely });
  } finally {
    await world.stop();
  }
}

const verdicts = (await Promise.all(places.map(tryAt))).flat();
saveHints();

const survived = verdicts.filter(({ is }) => is === 'survived');
for (const [topic, of] of [...Map.groupBy(verdicts, (each) => each.topic), ['in all', verdicts] as const]) {
  const counts = Map.groupBy(of, ({ is }) => is);
  process.stdout.write(`${topic}: ${[...counts].map(([is, list]) => `${list.length} ${is}`).join(', ')}\n`);
}
for (const verdict of survived) process.stdout.write(line(verdict));
const idle = only === '' && given.length === 0 ? stale(verdicts) : [];
for (const mutant of idle) process.stdout.write(`on the list of equivalents, and no mutant: ${mutant}\n`);
process.stdout.write(`--- ${verdicts.length} mutants in ${minutes()}, of which ${survived.length} survived\n`);
process.exitCode = survived.length + idle.length > 0 ? 1 : 0;
