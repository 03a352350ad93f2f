/**
 * Which room may import which. One ordered list: a file imports from its own room and from rooms that stand before it, never from one behind it.
 * Types count as imports, too.
 */

/** From the ground up. A path that two rows fit belongs to the longer one. */
const rooms = [
  'operator/time',
  'operator/log.ts',
  'operator/work',
  'operator/api',
  'operator/decide/schema',
  'operator/decide/json',
  'operator/decide/expressions',
  'operator/decide',
  'operator/decide/manifest/kinds',
  'operator/decide/manifest',
  'operator/decide/delta',
  'operator/decide/people',
  'operator/decide/record',
  'operator/decide/evidence',
  'operator/decide/exceptions',
  'operator/decide/health',
  'operator/decide/release',
  'operator/decide/findings',
  'operator/decide/emergency',
  'operator/decide/gates',
  'operator/decide/candidate',
  'operator/decide/notices',
  'operator/decide/policy',
  'operator/decide/changes',
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
  'operator/settings.ts',
  'operator/programs',
  'operator/main.ts',
  'cli',
  'page',
  'hack',
  'test/support',
  'test/golden',
  'test/api-server',
  'test/admission-policies',
  'test/security',
  'test/e2e',
  'test/command',
  'test/page',
  'test/faults',
  'bench',
  'hack/mutants.ts',
];

/**
 * Matches what is in the room, and not what is in a room inside of it.
 * @param {string} room
 */
const pattern = (room) => {
  if (room.endsWith('.ts')) return `^${room}$`;
  const inner = rooms.filter((other) => other.startsWith(`${room}/`)).map((other) => other.slice(room.length + 1));
  return `^${room}/${inner.length > 0 ? `(?!(${inner.join('|')})(/|$))` : ''}`;
};

/** Rooms that stand side by side: what one does is none of the other's business, in whatever order they are listed. */
const apart = [
  { room: 'operator/kube', from: ['operator/decide/'], why: 'kube knows the API server, not what we decide' },
  {
    room: 'operator/ledger',
    from: ['operator/kube/', 'operator/telemetry/'],
    why: 'the ledger uses api and decide only',
  },
  { room: 'operator/observe', from: ['operator/telemetry/'], why: 'observe gathers' },
  { room: 'operator/act', from: ['operator/observe/', 'operator/telemetry/'], why: 'act carries out' },
  {
    room: 'operator/gate',
    from: ['operator/run/', 'operator/act/(effects|bundle)'],
    why: 'the gate judges, asks and records; it carries nothing out',
  },
  {
    room: 'cli',
    from: [
      'operator/(telemetry|ledger|act|run|gate|programs)/',
      // How an object is read, and not how copies are kept.
      'operator/observe/(?!(bundles|fingerprint|lookup|parse|parse-pods).ts)',
      'operator/(main|settings|log).ts',
      'operator/kube/(connection|credentials|host|lease(?!-object)|reflector)',
    ],
    why: 'the command has the rights of the person who types it, judges by decide, and never writes the record',
  },
  {
    room: 'page',
    from: ['operator/', 'cli/(?!dashboard/models.ts)'],
    why: 'the page shows what the server tells it; it judges nothing',
  },
];

/** Packages that one room alone knows. */
const packages = [
  { name: '(@kubernetes/client-node|@dot-i/k8s-operator)', room: 'operator/kube/|test/api-server/(dot-i|client-node)' },
  { name: 'undici', room: 'operator/kube/|hack/|test/|bench/' },
  { name: '@peculiar/x509', room: 'operator/gate/tls/|hack/controlplane/|test/' },
  { name: '@marcbachmann/cel-js', room: 'operator/decide/expressions/' },
  { name: 'croner', room: 'operator/decide/schedule' },
  { name: '(pino|prom-client)', room: 'operator/(log|telemetry/|programs/)|test/|hack/' },
  { name: 'preact', room: 'page/' },
  { name: '(playwright-core|axe-core)', room: 'test/' },
  { name: 'vite', room: 'hack/command/page' },
  { name: 'commander', room: 'cli/program' },
  { name: '@sigstore/(verify|bundle|protobuf-specs)', room: 'operator/decide/evidence/signed/sigstore|test/' },
  { name: '@sigstore/mock', room: 'test/' },
  { name: 'sax', room: 'cli/reports/junit' },
  { name: '(hpagent|socks-proxy-agent)', room: 'cli/cluster/connection|test/' },
];

const isTest = String.raw`\.test\.ts$`;

/** @type {import('dependency-cruiser').IConfiguration} */
export default {
  forbidden: [
    ...rooms.slice(0, -1).map((room, at) => ({
      name: `upward-from-${room}`,
      comment: 'A room imports from rooms that stand before it in the list.',
      severity: 'error',
      from: { path: pattern(room), pathNot: isTest },
      to: { path: rooms.slice(at + 1).map(pattern) },
    })),
    ...apart.map(({ room, from, why }) => ({
      name: `apart-from-${room}`,
      comment: why,
      severity: 'error',
      from: { path: `^${room}/`, pathNot: isTest },
      to: { path: from.map((other) => `^${other}`) },
    })),
    ...packages.map(({ name, room }) => ({
      name: `only-one-room-knows-${name}`,
      severity: 'error',
      from: { path: '^(operator|cli|page|hack|bench|test)/', pathNot: [`^(${room})`, isTest] },
      to: { path: `^node_modules/${name}/` },
    })),
    {
      name: 'decide-is-pure',
      comment: 'Values in, values out.',
      severity: 'error',
      from: { path: '^operator/(api|decide)/', pathNot: isTest },
      to: {
        dependencyTypes: ['core'],
        path: '^(fs|net|http|https|http2|tls|timers|child_process|worker_threads)(/|$)',
      },
    },
    { name: 'no-circle', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'nowhere',
      comment: 'What is imported exists.',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    parser: 'swc',
    enhancedResolveOptions: {
      extensions: ['.ts', '.tsx', '.js', '.json'],
      exportsFields: ['exports'],
      conditionNames: ['import', 'default'],
    },
  },
};
