/** What somebody with emergency access may do in production: the one list behind the ClusterRole, the guard and the gate. */

export type EmergencyVerb = 'create' | 'update' | 'delete' | 'connect';

export interface EmergencyAct {
  readonly group: string;
  /** With its subresource: `pods/exec`. */
  readonly resource: string;
  readonly acts: readonly EmergencyVerb[];
}

const whole: readonly EmergencyVerb[] = ['create', 'update', 'delete'];

/**
 * Nothing here gives rights (no roles, no tokens), reports for a controller (no status), or makes a bare pod. What is deleted of a claim is data, so
 * claims are only created and changed.
 */
export const emergencyActs: readonly EmergencyAct[] = [
  { group: '', resource: 'configmaps', acts: whole },
  { group: '', resource: 'persistentvolumeclaims', acts: ['create', 'update'] },
  { group: '', resource: 'pods', acts: ['delete'] },
  { group: '', resource: 'pods/attach', acts: ['connect'] },
  { group: '', resource: 'pods/ephemeralcontainers', acts: ['update'] },
  { group: '', resource: 'pods/exec', acts: ['connect'] },
  { group: '', resource: 'pods/portforward', acts: ['connect'] },
  { group: '', resource: 'secrets', acts: whole },
  { group: '', resource: 'serviceaccounts', acts: whole },
  { group: '', resource: 'services', acts: whole },
  { group: 'apps', resource: 'daemonsets', acts: whole },
  { group: 'apps', resource: 'deployments', acts: whole },
  { group: 'apps', resource: 'deployments/scale', acts: ['update'] },
  { group: 'apps', resource: 'statefulsets', acts: whole },
  { group: 'apps', resource: 'statefulsets/scale', acts: ['update'] },
  { group: 'autoscaling', resource: 'horizontalpodautoscalers', acts: whole },
  { group: 'batch', resource: 'cronjobs', acts: whole },
  { group: 'batch', resource: 'jobs', acts: whole },
  { group: 'networking.k8s.io', resource: 'ingresses', acts: whole },
  { group: 'networking.k8s.io', resource: 'networkpolicies', acts: whole },
  { group: 'policy', resource: 'poddisruptionbudgets', acts: whole },
];
