/** Drops or widens every part of lock A in turn, on a real API server, and demands that something notices: `make mutants`. */
import { letEverybodyIn } from '../test/attacks/emergency-world.ts';
import { guard } from '../test/attacks/guard-file.ts';
import { startGuardWorld } from '../test/attacks/guard-world.ts';
import { tryMutants, type Verdict } from '../test/attacks/mutation.ts';

const given = process.argv.slice(2);
const topics = given.length > 0 ? given : [...Object.keys(guard.topics), 'additional', 'namespaces'];

const line = ({ is, topic, name, by }: Verdict): string =>
  `${is.padEnd(10)}  ${topic}: ${name}${by === '' ? '' : `  [${by}]`}\n`;

const world = await startGuardWorld();
try {
  await letEverybodyIn(world);
  const verdicts = await tryMutants(world, topics, (verdict) => process.stdout.write(line(verdict)));
  const survived = verdicts.filter(({ is }) => is === 'survived');
  const counts = Map.groupBy(verdicts, ({ is }) => is);
  process.stdout.write(`\n${[...counts].map(([is, list]) => `${list.length} ${is}`).join(', ')}\n`);
  for (const verdict of survived) process.stdout.write(line(verdict));
  process.exitCode = survived.length > 0 ? 1 : 0;
} finally {
  await world.stop();
}
