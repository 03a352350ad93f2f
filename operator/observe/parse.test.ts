import { describe, expect, it, test } from '@jest/globals';
import type { JsonObject } from '../api/meta.ts';
import { nodeFacts, podFacts } from './parse-pods.ts';
import { selectedLabels } from './parse.ts';

test.each<[kind: string, spec: JsonObject, keys: readonly string[]]>([
  ['Service', { selector: { app: 'api', tier: 'web' } }, ['app', 'tier']],
  ['Service', { type: 'ExternalName' }, []],
  [
    'PodDisruptionBudget',
    { selector: { matchLabels: { app: 'api' }, matchExpressions: [{ key: 'tier', operator: 'Exists' }] } },
    ['app', 'tier'],
  ],
  [
    'NetworkPolicy',
    {
      podSelector: { matchLabels: { app: 'db' } },
      ingress: [{ from: [{ podSelector: { matchLabels: { role: 'client' } } }, { ipBlock: { cidr: '10.0.0.0/8' } }] }],
      egress: [{ to: [{ podSelector: { matchExpressions: [{ key: 'dns', operator: 'Exists' }] } }] }],
    },
    ['app', 'role', 'dns'],
  ],
  ['Deployment', { selector: { matchLabels: { app: 'api' } } }, []],
])('the labels by which a %s picks pods: %#', (kind, spec, keys) => {
  expect(selectedLabels({ kind, spec })).toEqual(keys);
});

describe('a pod', () => {
  const raw = (status: Record<string, unknown>, spec: Record<string, unknown> = {}) => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: 'agent-x',
      namespace: 'prod',
      uid: 'u',
      resourceVersion: '1',
      creationTimestamp: '2026-03-11T15:00:00Z',
    },
    spec,
    status,
  });
  const at = (second: number) => `2026-03-11T15:00:0${second}Z`;

  it('tells how its containers ended, since when it is not ready, and what points to its node', () => {
    const ended = { exitCode: 255, reason: 'Unknown', finishedAt: at(3) };
    const pod = podFacts(
      raw(
        {
          phase: 'Running',
          conditions: [
            { type: 'Ready', status: 'False', lastTransitionTime: at(4) },
            { type: 'DisruptionTarget', status: 'True', reason: 'PreemptionByScheduler', lastTransitionTime: at(2) },
            { type: 'PodScheduled', status: 'False', reason: 'Unschedulable', message: '3 Insufficient cpu.' },
          ],
          containerStatuses: [{ name: 'main', restartCount: 1, lastState: { terminated: ended } }],
        },
        { nodeName: 'node-1' },
      ),
    );
    expect(pod).toMatchObject({
      nodeName: 'node-1',
      unreadySince: Date.parse(at(4)),
      disruption: { reason: 'PreemptionByScheduler', since: Date.parse(at(2)) },
      unschedulable: '3 Insufficient cpu.',
      containers: [{ lastEnd: { exitCode: 255, reason: 'Unknown' }, lastEndedAt: Date.parse(at(3)) }],
    });
  });

  it('of a DaemonSet that no node has yet names the one that it is for', () => {
    const terms = [{ matchFields: [{ key: 'metadata.name', operator: 'In', values: ['node-2'] }] }];
    const required = { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: terms } };
    expect(podFacts(raw({}, { affinity: { nodeAffinity: required } })).nodeName).toBe('node-2');
    expect(podFacts(raw({})).nodeName).toBeUndefined();
  });
});

describe('a node', () => {
  const raw = (bootID: string, ready: string, heartbeat: string) => ({
    apiVersion: 'v1',
    kind: 'Node',
    metadata: { name: 'node-1', uid: 'u', resourceVersion: '1' },
    status: {
      nodeInfo: { bootID },
      conditions: [
        { type: 'Ready', status: ready, lastTransitionTime: '2026-03-11T15:00:00Z', lastHeartbeatTime: heartbeat },
      ],
    },
  });

  it('was rebooted when its kubelet first reported another bootID, and stays so', () => {
    const first = nodeFacts(raw('a', 'True', '2026-03-11T15:00:00Z'), undefined);
    expect(first).toMatchObject({ ready: true, bootID: 'a', rebootedAt: undefined, unreachable: false });
    const second = nodeFacts(raw('b', 'True', '2026-03-11T15:01:00Z'), first);
    expect(second.rebootedAt).toBe(Date.parse('2026-03-11T15:01:00Z'));
    expect(nodeFacts(raw('b', 'True', '2026-03-11T15:06:00Z'), second).rebootedAt).toBe(second.rebootedAt);
  });

  it('is not reachable when nobody knows whether it is ready', () => {
    expect(nodeFacts(raw('a', 'Unknown', '2026-03-11T15:00:00Z'), undefined)).toMatchObject({
      ready: false,
      readySince: undefined,
      unreachable: true,
    });
  });
});
