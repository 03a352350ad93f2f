/** What may notice that a part of lock A is gone: the table of writers, the attacks of a topic, and what must go on under the guard. */
import type { Attack } from '../../support/attack/attack.ts';
import { ofBindings } from '../../admission-policies/guard/check-binding.ts';
import { ofFreeing } from '../../admission-policies/guard/check-freeing.ts';
import { ofLifetime } from '../../admission-policies/guard/check-lifetime.ts';
import { ofContents, ofMigration, ofRewrites } from '../../admission-policies/guard/check-content.ts';
import { ofEmergency } from '../../admission-policies/emergency/check-emergency.ts';
import { ofTopics } from '../../admission-policies/guard/check-topics.ts';
import { attackChecks, type AttackCheck, type Check } from '../../admission-policies/world/check.ts';
import { emergencyAttacks, tryCovered } from '../../admission-policies/emergency/emergency-list.ts';
import { guard } from '../../admission-policies/world/guard-file.ts';
import { guardAttacks } from '../../admission-policies/guard/guard-list.ts';
import { one } from '../../admission-policies/world/guard-objects.ts';
import { rowHolds, tableRows, type TableRow } from '../../admission-policies/world/guard-table.ts';
import { open, type GuardWorld } from '../../admission-policies/world/guard-world.ts';
import type { Mutant } from './mutate.ts';
import { fresh } from '../../support/attack/objects.ts';

const ofTable = (row: TableRow, text: string): Check => ({
  name: `table: ${row.act} ${row.resource}`,
  passes: (world) => rowHolds(world, row, text),
});

/** Of the same line, what an emergency opens. */
const ofEmergencies = (row: TableRow): Check => ({
  name: `in an emergency: ${row.act} ${row.resource}`,
  passes: async (world) => {
    const { expected, seen } = await tryCovered(world, row);
    return expected === seen;
  },
});

/** What the guard leaves alone. */
const spared = (topic: string): readonly Check[] => [
  ...guard.exempt
    .filter(({ resource }) => resource === 'pods/eviction')
    .map(() => ({
      name: 'an eviction goes on',
      passes: async ({ as }: GuardWorld) =>
        (
          await as('attacker').raw({
            method: 'POST',
            path: '/api/v1/namespaces/payments-prod/pods/standing/eviction?dryRun=All',
            body: {
              apiVersion: 'policy/v1',
              kind: 'Eviction',
              metadata: { name: 'standing', namespace: 'payments-prod' },
              deleteOptions: { dryRun: ['All'] },
            },
          })
        ).code < 300,
    })),
  ...(topic === 'namespaces' || topic === 'additional' || topic === 'unlisted'
    ? []
    : [
        {
          name: 'other namespaces go on',
          passes: async ({ as }: GuardWorld) => {
            const rows = tableRows.filter(
              (row) => row.topic === topic && (row.act === 'create' || row.act === 'connect'),
            );
            for (const { resource, act } of rows) {
              if (act === 'connect') {
                const path = `/api/v1/namespaces/${open}/${resource.replace('/', '/none-such/')}`;
                if ((await as('attacker').raw({ method: 'POST', path })).text.includes('ValidatingAdmissionPolicy'))
                  return false;
              } else if (!resource.includes('/') && resource !== 'bindings') {
                const object = one(resource, fresh('new'), { namespace: open });
                if (!(await as('attacker').create(object, { dryRun: 'All' })).ok) return false;
              }
            }
            return true;
          },
        },
      ]),
];

/** A rule that takes in a whole group stands in the way of what other topics let through there. */
const ofNeighbors = (topic: string, mutant: string): readonly Check[] => {
  const group = /^every resource of group '([^']*)'$/.exec(mutant)?.[1];
  return group === undefined
    ? []
    : tableRows
        .filter((row) => row.topic !== topic && row.group === group && row.act !== 'connect')
        .map((row) => ofTable(row, mutant));
};

const ofAttacks = (topic: string, list: readonly Attack<GuardWorld>[]): readonly AttackCheck[] =>
  attackChecks(`countersign-guard-${topic}`, list);

/** What is checked of a topic by no test: the table and the attacks are by theirs. */
export const ownChecks = (topic: string): readonly Check[] => [
  ...ofBindings(topic),
  ...spared(topic),
  ...ofContents(topic),
  ...ofRewrites(topic),
  ...ofMigration(topic),
  ...ofEmergency(topic),
  ...ofFreeing(topic),
  ...ofLifetime(topic),
  ...(ofTopics[topic] ?? []),
];

/** The checks of a topic, likely ones first: what the mutant's name speaks of. */
export function checksFor(topic: string, { name, about, part }: Mutant): readonly Check[] {
  const words = about.toLowerCase();
  const score = ({ act, resource }: TableRow): number =>
    (words.includes(resource) ? 2 : 0) + (words.includes(`${act} ${resource}`) ? 2 : 0) + (words.includes(act) ? 1 : 0);
  const rows = tableRows.filter((row) => row.topic === topic).toSorted((a, b) => score(b) - score(a));
  const byRow = (row: TableRow): readonly Check[] => [ofTable(row, name), ofEmergencies(row)];
  const attacks = ofAttacks(topic, [...guardAttacks, ...emergencyAttacks]);
  const all = [
    ...(part === 'binding' || name.startsWith('failurePolicy') ? ofBindings(topic) : []),
    ...(name.includes('migration') ? ofMigration(topic) : []),
    ...(name.includes('rewriter') ? ofRewrites(topic) : []),
    ...(/variable (freeing|operation) |ProductionGuardOperate/.test(name)
      ? [...ofFreeing(topic), ...attacks.filter((each) => each.name.includes('finalizer'))]
      : []),
    ...(/variable (urgent|minute) .*'[A-Z]+( \w+)?'$/.test(name) ? rows.slice(0, 2).flatMap(byRow) : []),
    ...(/variable (lifetimeChanged|operation|writer|emergency) |ProductionGuard(Lifetime|Operate)/.test(name)
      ? ofLifetime(topic)
      : []),
    ...(/variable (platform|restart)/.test(name) ? (ofTopics[topic] ?? []) : []),
    ...(name.includes('Content (') ? ofContents(topic) : []),
    ...attacks.filter(({ rule }) => name.includes(` ${rule.replace(': ', '')} `)),
    ...(/mergenc|urgent|minute|grantHeld|variable (late|undated) /.test(name)
      ? [...ofEmergency(topic), ...ofAttacks(topic, emergencyAttacks)]
      : []),
    ...(/variable (restart|manualJob|operation|scaled|withinBounds|lifetimeChanged) /.test(name) ? attacks : []),
    ...rows.flatMap(byRow),
    ...spared(topic),
    ...ofContents(topic),
    ...ofRewrites(topic),
    ...ofMigration(topic),
    ...ofEmergency(topic),
    ...ofFreeing(topic),
    ...ofLifetime(topic),
    ...(ofTopics[topic] ?? []),
    ...ofNeighbors(topic, name),
    ...attacks,
  ];
  return [...new Map(all.map((check) => [check.name, check])).values()];
}
