import { describe, expect, it } from '@jest/globals';
import type { JsonObject } from '../../api/meta.ts';
import type { LiveObject } from '../objects.ts';
import { impliedUnmanaged, unmanagedOf, mayBeMutated } from './unmanaged-fields.ts';

const autoscaler = (name: string): JsonObject => ({
  apiVersion: 'autoscaling/v2',
  kind: 'HorizontalPodAutoscaler',
  metadata: { name: 'any' },
  spec: { scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name } },
});

const live = (manifest: JsonObject): LiveObject => ({
  ref: { apiVersion: 'autoscaling/v2', kind: 'HorizontalPodAutoscaler', name: 'any' },
  namespace: 'prod',
  uid: 'u',
  resourceVersion: '1',
  generation: 1,
  createdAt: 0,
  deleting: false,
  bytes: 0,
  manifest,
  status: {},
  writers: [],
});

describe('unmanaged fields', () => {
  it('are the replicas of what an autoscaler of the release or of production scales, and what the policy declares', () => {
    const declared = [
      { kind: 'Deployment', name: 'web', fields: ['spec.template', 'spec.replicas'] },
      { kind: 'ConfigMap', name: 'flags', fields: ['data'] },
    ];
    const all = impliedUnmanaged([autoscaler('web'), { kind: 'ConfigMap' }], [live(autoscaler('api'))], declared);
    expect(all).toEqual([
      { kind: 'ConfigMap', name: 'flags', group: '', fields: ['data'] },
      { kind: 'Deployment', name: 'api', group: '', fields: ['spec.replicas'] },
      { kind: 'Deployment', name: 'web', group: '', fields: ['spec.replicas', 'spec.template'] },
    ]);
    expect(unmanagedOf(all, { apiVersion: 'apps/v1', kind: 'Deployment', name: 'api' })).toEqual(['spec.replicas']);
    expect(unmanagedOf(all, { apiVersion: 'apps/v1', kind: 'Deployment', name: 'other' })).toEqual([]);
  });

  it('are those of the kind whose group an autoscaler names, not of another one of that name', () => {
    const scaling = (apiVersion: string): JsonObject => ({
      ...autoscaler('db'),
      spec: { scaleTargetRef: { apiVersion, kind: 'StatefulSet', name: 'db' } },
    });
    const replicas = (by: JsonObject, apiVersion: string) =>
      unmanagedOf(impliedUnmanaged([by], [], []), { apiVersion, kind: 'StatefulSet', name: 'db' });
    expect(replicas(scaling('apps.example.com/v1beta1'), 'apps/v1')).toEqual([]);
    expect(replicas(scaling('apps.example.com/v1beta1'), 'apps.example.com/v1beta1')).toEqual(['spec.replicas']);
    expect(replicas(scaling('apps/v1'), 'apps/v1')).toEqual(['spec.replicas']);
  });

  it('are not implied by a scaleTargetRef of something else', () => {
    expect(
      impliedUnmanaged([{ ...autoscaler('web'), kind: 'Other' }, { kind: 'HorizontalPodAutoscaler' }], [], []),
    ).toEqual([]);
  });
});

describe('may be written along with a write of ours', () => {
  it.each([
    ['metadata.annotations[example.com/x]', true],
    ["metadata.annotations['example.com/x']", true],
    ['metadata.labels.team', true],
    ['spec.template.metadata.annotations[example.com/x]', true],
    ['spec.template.metadata.labels.app', false],
    ['metadata.annotations', false],
    ['metadata.finalizers', false],
    ['spec.replicas', false],
    ['spec.template.spec.containers[name=app].image', false],
    ['data.annotations.x', false],
  ])('%s: %s', (path, expected) => {
    expect(mayBeMutated(path)).toBe(expected);
  });
});
