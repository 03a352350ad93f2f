/** The shell of hack/kind.sh. Engine and cluster are stood in for; docs/real-cluster.md says what was seen with real ones. */
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { parseAllDocuments } from 'yaml';

import { run, type RunResult } from './controlplane/tools.ts';
import { renderSample } from './demo/real-pods.ts';

const root = join(import.meta.dirname, '..');
const digest = `sha256:${'a'.repeat(64)}`;

let checkout: string;
beforeEach(() => {
  checkout = mkdtempSync(join(tmpdir(), 'countersign-kind-'));
  mkdirSync(join(checkout, 'hack'));
  mkdirSync(join(checkout, 'bin'));
  symlinkSync(join(root, 'hack', 'kind.sh'), join(checkout, 'hack', 'kind.sh'));
  symlinkSync(join(root, 'node_modules'), join(checkout, 'node_modules'));
});
afterEach(() => rmSync(checkout, { recursive: true }));

/** Programs by name, as shell: each writes down its arguments first. */
const programs: Readonly<Record<string, string>> = {
  docker: 'case "$1 $2" in "run --rm") echo 24 ;; "image inspect") echo sha256:0123456789abcdef ;; esac',
  kind: 'case "$1" in get) true ;; *) true ;; esac',
  helm: 'true',
  kubectl: 'true',
  go: 'true',
};

const up = async (instead: Readonly<Record<string, string>>, env: Readonly<Record<string, string>> = {}) => {
  const calls = join(checkout, 'calls');
  for (const [name, script] of Object.entries({ ...programs, ...instead })) {
    writeFileSync(join(checkout, 'bin', name), `#!/bin/sh\necho "${name} $*" >> ${calls}\n${script}\n`);
    chmodSync(join(checkout, 'bin', name), 0o755);
  }
  const result: RunResult = await run('bash', [join(checkout, 'hack', 'kind.sh'), 'up'], {
    env: { PATH: `${join(checkout, 'bin')}:${process.env['PATH'] ?? ''}`, COUNTERSIGN_BASE_IMAGE: 'node-base', ...env },
  });
  return { ...result, calls: existsSync(calls) ? readFileSync(calls, 'utf8').split('\n') : [] };
};

const begins = (start: string): unknown => expect.arrayContaining([expect.stringMatching(`^${start}`)]);

describe('what cannot work is said before there is a cluster', () => {
  test.each([
    ['a base image without Node', { docker: '[ "$1" != run ]' }, /does not start Node/],
    [
      'a base image with an old Node',
      { docker: '[ "$1" != run ] || echo 22' },
      /has Node 22, and 24 or newer is needed/,
    ],
    [
      'an image that cannot be built',
      { docker: 'case $1 in run) echo 24 ;; build) echo "no such stage" >&2; exit 1 ;; esac' },
      /no such stage/,
    ],
    ['an engine that does not answer', { docker: '[ "$1" != info ]' }, /engine does not answer/],
  ])('%s', async (_, instead, message) => {
    const { code, stderr, calls } = await up(instead);
    expect({ code, stderr }).toStrictEqual({ code: 1, stderr: expect.stringMatching(message) });
    expect(calls).not.toStrictEqual(begins('kind create'));
  });

  test('a sample image without digest', async () => {
    const { code, stderr, calls } = await up({}, { COUNTERSIGN_SAMPLE_IMAGE: 'busybox:1.37' });
    expect({ code, stderr }).toStrictEqual({ code: 1, stderr: expect.stringContaining('names no digest') });
    expect(calls).not.toStrictEqual(begins('docker (run|build)'));
  });
});

describe('after a failure', () => {
  test('the cluster that this run created is deleted, with its files', async () => {
    const { code, calls } = await up({ helm: 'exit 7' });
    expect(code).toBe(7);
    expect(calls).toStrictEqual(begins('kind delete cluster --name countersign'));
    expect(existsSync(join(checkout, '.countersign'))).toBe(false);
  });

  test('a cluster that was there before stays, with its files', async () => {
    const { code, stderr, calls } = await up({ helm: 'exit 7', kind: 'echo countersign' });
    expect({ code, stderr }).toStrictEqual({ code: 7, stderr: expect.stringContaining('was there before, and stays') });
    expect(calls).not.toStrictEqual(begins('kind (create|delete)'));
    expect(existsSync(join(checkout, '.countersign', 'kubeconfigs'))).toBe(true);
  });
});

test('the image is named by its content, and built from the images that are named', async () => {
  const { calls } = await up({ helm: 'exit 7' }, { COUNTERSIGN_BUILD_IMAGE: 'node-build' });
  expect(calls).toStrictEqual(
    begins('docker build --build-arg BASE_IMAGE=node-base --build-arg BUILD_IMAGE=node-build '),
  );
  expect(calls).toStrictEqual(begins('kind load docker-image countersign-operator:kind-0123456789ab '));
  expect(calls).toStrictEqual(begins('helm upgrade .*--set-string operator.image.tag=kind-0123456789ab '));
});

describe('the sample for pods that really run', () => {
  const read = (file: string): readonly unknown[] => {
    const text = readFileSync(join(checkout, 'demo', file), 'utf8');
    return parseAllDocuments(text, { version: '1.1' }).map((document) => {
      const object: unknown = document.toJS();
      return object;
    });
  };
  const containers = (name: string, image: string): unknown =>
    expect.arrayContaining([
      expect.objectContaining({
        metadata: expect.objectContaining({ name }),
        spec: expect.objectContaining({
          template: expect.objectContaining({
            spec: expect.objectContaining({
              containers: [expect.objectContaining({ image, command: expect.anything() })],
            }),
          }),
        }),
      }),
    ]);

  beforeEach(() => renderSample(join(checkout, 'demo'), `registry.example:5000/busybox:1.37@${digest}`));

  test('every container runs the image, by tag where the sample names a tag', () => {
    const objects = read('2.4.0/app.yaml');
    expect(objects).toStrictEqual(containers('api', `registry.example:5000/busybox:1.37@${digest}`));
    expect(objects).toStrictEqual(containers('migrate', `registry.example:5000/busybox:1.37@${digest}`));
    expect(objects).toStrictEqual(containers('worker', 'registry.example:5000/busybox:1.37'));
  });

  test('text stays text, for whoever reads YAML as it was', () => {
    expect(read('2.4.0/app.yaml')[0]).toMatchObject({ data: { SETTLEMENT_CUTOFF: '17:00' } });
    expect(read('policy.yaml')[0]).toMatchObject({
      spec: { reviewBy: '2028-06-30', health: { progressTimeout: '5m', observeFor: '2m' }, notes: 'Required' },
    });
  });

  test('what never becomes ready in production asks for what only staging has', () => {
    expect(read('2.5.0/app.yaml')).toStrictEqual(
      expect.arrayContaining([
        expect.objectContaining({
          spec: expect.objectContaining({
            template: expect.objectContaining({
              spec: expect.objectContaining({
                containers: [
                  expect.objectContaining({ readinessProbe: expect.objectContaining({ exec: expect.anything() }) }),
                ],
              }),
            }),
          }),
        }),
      ]),
    );
  });

  test('what needs no change is the same file', () => {
    expect(readFileSync(join(checkout, 'demo', 'bindings.yaml'))).toStrictEqual(
      readFileSync(join(root, 'hack', 'demo', 'bindings.yaml')),
    );
  });
});
