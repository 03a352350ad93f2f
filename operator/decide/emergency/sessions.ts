/** Pods that somebody went into. */
import type { PodFacts } from '../objects.ts';
import type { EmergencyRecord } from '../record/emergency.ts';
import type { EmergencySnapshot } from './snapshot.ts';

/** Pods that somebody went into and that are still those. */
export const openSessions = (s: Pick<EmergencySnapshot, 'pod'>, known: EmergencyRecord): readonly PodFacts[] => {
  const last = new Map(known.sessions.map(({ pod, at: when }) => [pod, when]));
  return [...last].flatMap(([name, when]) => {
    const pod = s.pod(name);
    return pod === undefined || pod.createdAt > when ? [] : [pod];
  });
};
