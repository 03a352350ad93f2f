/**
 * Which room may import which. One ordered list: a file imports from its own room and from rooms that stand before it, never from one behind it.
 * Types count as imports, too.
 */

/** From the ground up. A path that two rows fit belongs to the longer one. */
const rooms = [
  'operator/time',
  'operator/api',
  'operator/decide/json',
  'operator/decide',
  'operator/decide/manifest',
  'operator/decide/delta',
  'operator/decide/people',
  'operator/decide/record',
  'operator/decide/health',
  'operator/decide/release',
  'operator/decide/findings',
  'operator/decide/emergency',
  'operator/decide/gates',
  'operator/decide/candidate',
  'operator/decide/policy',
  'operator/decide/admission',
  'operator/kube',
  'operator/telemetry',
  'operator/ledger',
  'operator/observe',
  'operator/act',
  'operator/run',
  'operator/gate/tls',
  'operator/gate/http',
  'operator/gate',
  'operator/programs',
  'operator',
  'hack',
  'bench',
  'test/support',
  'test/golden',
  'test/api-server',
  'test/admission-policies',
  'test/security',
  'test/e2e',
  'test/faults',
];

/** Matches what is in the room, and not what is in a room inside of it. */
const pattern = (room) => {
  const inner = rooms.filter((other) => other.startsWith(`${room}/`)).map((other) => other.slice(room.length + 1));
  return `^${room}/${inner.length > 0 ? `(?!(${inner.join('|')})/)` : ''}`;
};

/** @type {import('dependency-cruiser').IConfiguration} */
export default {
  forbidden: [
    ...rooms.map((room, at) => ({
      name: `upward-from-${room}`,
      severity: 'error',
      from: { path: pattern(room), pathNot: String.raw`\.test\.ts$` },
      to: { path: rooms.slice(at + 1).map(pattern) },
    })),
    { name: 'no-circle', severity: 'error', from: {}, to: { circular: true } },
  ].filter((rule) => rule.to.circular || rule.to.path.length > 0),
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '^node:' },
    parser: 'swc',
    enhancedResolveOptions: { extensions: ['.ts', '.js', '.json'], exportsFields: ['exports'], conditionNames: ['import', 'default'] },
  },
};
