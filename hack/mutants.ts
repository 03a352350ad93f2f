/** Drops or widens every part of every admission policy in turn, on real API servers, and demands that something notices: `make mutants`. */
import { guardTopics, startGuardSuites } from '../test/security/mutations/guard-suites.ts';
import { ownTopics, startOwnSuites } from '../test/security/mutations/own-suites.ts';
import { stale, tryMutants, type Progress, type Suite, type Verdict } from '../test/security/mutations/mutation.ts';
import type { World } from '../test/support/attack/world.ts';

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

const tell = (verdict: Verdict, { done, all }: Progress): void => {
  process.stdout.write(line(verdict));
  if (done % mutantsPerLine === 0) process.stdout.write(`--- ${done} of ${all} mutants after ${minutes()}\n`);
};

interface Started {
  readonly world: World;
  readonly suites: readonly Suite[];
}

/** The worlds, each with the policies that are tried in it. */
const worlds: readonly (readonly [
  topics: readonly string[],
  start: (topics: readonly string[]) => Promise<Started>,
])[] = [
  [guardTopics, startGuardSuites],
  [ownTopics, startOwnSuites],
];

const unknown = given.filter((topic) => !worlds.some(([topics]) => topics.includes(topic)));
if (unknown.length > 0)
  throw new Error(`no policy: ${unknown.join(', ')}; there are ${worlds.flatMap(([topics]) => topics).join(', ')}`);

const verdicts: Verdict[] = [];
for (const [topics, start] of worlds) {
  const asked = topics.filter(isAsked);
  if (asked.length === 0) continue;
  process.stdout.write(`--- starts a control plane for ${asked.join(', ')}\n`);
  const { world, suites } = await start(asked);
  try {
    process.stdout.write(`--- ready after ${minutes()}\n`);
    verdicts.push(...(await tryMutants(world, suites, { tell, only: new RegExp(only) })));
  } finally {
    await world.stop();
  }
}

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
