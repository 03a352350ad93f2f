/** What a thousand pieces of evidence about one content cost: to judge the gate by them, and to keep. Measured in this process; no API server has a part in it. */
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { Evidence } from '../operator/api/evidence.ts';
import { pieceOf, subjectOfContent, type Piece } from '../operator/decide/evidence/piece.ts';
import { evidence as gate } from '../operator/decide/gates/content/evidence.ts';
import { Store } from '../operator/kube/store.ts';
import { evidenceKey } from '../operator/observe/caches.ts';
import { aGateSnapshot, aPiece, aPolicy, digestOf, now } from '../test/support/builders/decide.ts';
import { ecKey, signed, testResult } from '../hack/signing/statements.ts';
import { percentile, type Figure } from './table.ts';

const pieces = 1_000;
const rounds = 2_000;
const namespace = 'payments-staging';
const type = 'TestReport';
const subject = subjectOfContent('uid-payments-2-4-0', digestOf('d'));

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void; // oxlint-disable-line typescript/no-unsafe-type-assertion -- what the flag gives

const heapBytes = (): number => {
  collectGarbage();
  return process.memoryUsage().heapUsed;
};

const key = ecKey();

/** Names of tests, of about 15 kB, which base64 makes 20. */
const tests = (place: number) => ({
  passedTests: Array.from({ length: 700 }, (_, i) => `test ${place} of ${i}`),
  failedTests: [],
});

/** As the API server hands it out, with a report and a signed statement of 20 kB each. Each is a text first, so that no two share anything. */
const reported = (place: number): Evidence => {
  const time = new Date(now - (place + 1) * 1_000).toISOString();
  const report = {
    mediaType: 'text/plain',
    sha256: digestOf('a'),
    inline: String(place).repeat(20_000).slice(0, 20_000),
  };
  const body = {
    metadata: { name: `tests-${place}`, namespace, uid: `uid-${place}`, creationTimestamp: time },
    spec: {
      type,
      subject: { candidate: { name: 'payments-2.4.0', uid: 'uid-payments-2-4-0', digest: digestOf('d') } },
      result: 'Passed',
      summary: { failed: 0, passed: 700, skipped: 3 },
      performedAt: time,
      report,
      statement: signed(testResult({ digest: digestOf('d'), name: 'uid-payments-2-4-0' }, time, tests(place)), key),
      comment: `run ${place}`,
      reporter: { username: `ci-${place}`, uid: '', groups: ['system:authenticated'] },
    },
  };
  return JSON.parse(JSON.stringify(body)) as Evidence; // oxlint-disable-line typescript/no-unsafe-type-assertion -- as the schema has it
};

export const evidence = (): Promise<readonly Figure[]> => {
  const store = new Store<Piece>(
    { subject: (each) => each.subjects.map((one) => evidenceKey(each.namespace, each.type, one)) },
    () => {},
  );
  const before = heapBytes();
  for (let place = 0; place < pieces; place += 1) {
    store.put(`${namespace}/tests-${place}`, {
      uid: `uid-${place}`,
      resourceVersion: String(place + 1),
      value: pieceOf(reported(place)),
    });
  }
  const bytes = (heapBytes() - before) / pieces;
  // The worst that there is: all about this content, and none of them counts but the oldest.
  const all = store.byIndex('subject', evidenceKey(namespace, type, subject));
  const at = now - 3_600_000;
  const statement = { digest: '', problem: undefined, failed: false, counts: {}, performedAt: at };
  const known = {
    of: () => [...all, aPiece('last', { performedAt: at, statement })],
  };
  const snapshot = aGateSnapshot({
    policy: aPolicy({ evidence: [{ type, maxAge: '24h', signedBy: [{ name: 'ci', key: key.pem }] }] }),
    evidence: known,
    signerOf: ({ name }) => (name === 'last' ? 'ci' : ''),
  });
  const took = Array.from({ length: rounds }, () => {
    const began = performance.now();
    const { outcome } = gate.judge(snapshot, now);
    const ms = performance.now() - began;
    if (outcome !== 'Passed') throw new Error(`the gate says ${outcome}`);
    return ms;
  });
  return Promise.resolve([
    { name: `gate Evidence over ${pieces} pieces that do not count, p50`, value: percentile(took, 50), unit: 'ms' },
    { name: '  p99', value: percentile(took, 99), unit: 'ms', target: 5 },
    { name: '  kept of each, reports and statements of 20 kB, kB', value: bytes / 1024, unit: '', target: 2 },
  ]);
};
