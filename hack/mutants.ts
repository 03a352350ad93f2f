/** Drops or widens every part of lock A in turn, on a real API server, and demands that something notices: `make mutants`. */
import { letEverybodyIn } from '../test/attacks/emergency-world.ts';
import { guard } from '../test/attacks/guard-file.ts';
import { startGuardWorld } from '../test/attacks/guard-world.ts';
import { stale, tryMutants, type Verdict } from '../test/attacks/mutation.ts';

const given = process.argv.slice(2);
const topics = given.length > 0 ? given : [...Object.keys(guard.topics), 'additional', 'unlisted', 'namespaces'];

/** Some of them, while one works on those. */
const only = process.env['ONLY'] ?? '';

const line = ({ is, topic, name, by }: Verdict): string =>
  `${is.padEnd(10)}  ${topic}: ${name}${by === '' ? '' : `  [${by}]`}\n`;

const world = await startGuardWorld();
try {
  await letEverybodyIn(world);
  const tell = (verdict: Verdict): boolean => process.stdout.write(line(verdict));
  const verdicts = await tryMutants(world, topics, { tell, only: new RegExp(only) });
  const survived = verdicts.filter(({ is }) => is === 'survived');
  for (const [topic, of] of [...Map.groupBy(verdicts, ({ topic }) => topic), ['in all', verdicts] as const]) {
    const counts = Map.groupBy(of, ({ is }) => is);
    process.stdout.write(`${topic}: ${[...counts].map(([is, list]) => `${list.length} ${is}`).join(', ')}\n`);
  }
  for (const verdict of survived) process.stdout.write(line(verdict));
  const idle = only === '' ? stale(verdicts) : [];
  for (const mutant of idle) process.stdout.write(`on the list of equivalents, and no mutant: ${mutant}\n`);
  process.exitCode = survived.length + idle.length > 0 ? 1 : 0;
} finally {
  await world.stop();
}
