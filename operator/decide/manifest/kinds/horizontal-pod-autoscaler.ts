import type { JsonObject } from '../../../api/meta.ts';
import { textAt } from '../../json/json.ts';
import { byReleases } from './shared/guard.ts';
import { present } from './shared/health.ts';
import type { Kind, ScaleTarget } from './shared/kind.ts';

const scales = (manifest: JsonObject): ScaleTarget | undefined => {
  const [apiVersion, kind, name] = ['apiVersion', 'kind', 'name'].map((field) =>
    textAt(manifest, 'spec', 'scaleTargetRef', field),
  );
  return kind === undefined || name === undefined ? undefined : { apiVersion, kind, name };
};

export const horizontalPodAutoscaler: Kind = {
  kind: 'HorizontalPodAutoscaler',
  apiVersion: 'autoscaling/v2',
  plural: 'horizontalpodautoscalers',
  namespaced: true,
  promotable: true,
  wave: 'Scaling',
  prune: 'WithPromotion',
  followed: 'Digest',
  health: present,
  risk: { spec: 'scale' },
  scales,
  guard: { topic: 'scale', ...byReleases },
  subresources: { status: { guard: { topic: 'status', update: ['horizontal-pod-autoscaler'] } } },
  platformWriters: true,
  emergency: ['create', 'update', 'delete'],
  operate: ['free'],
};
