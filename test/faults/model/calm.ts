/** A script in which nothing goes wrong: a row says only what is different. */
import type { Script } from './script.ts';

export const calm: Script = {
  seed: 1,
  variant: {
    database: 'RollingUpdate',
    whenDeleted: 'Retain',
    ttlSeconds: null,
    grows: false,
    freezes: false,
    letsDataGo: false,
  },
  had: ['ConfigMap/settings', 'Deployment/web'],
  has: ['ConfigMap/settings', 'Deployment/web'],
  onFailure: 'Rollback',
  observeForMs: 30_000,
  fates: {},
  third: null,
  faults: [],
};
