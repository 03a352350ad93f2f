/** Has staging run this content long enough? */
import { soakedAt, wasTested } from './staging-hold.ts';
import type { Instant } from '../../objects.ts';
import { soakOf } from '../../people/approval-lines.ts';
import { defineGate, type Facts, passed, waiting } from '../gate.ts';

const reads = ['candidate', 'policy', 'record', 'soakingSince'] as const;

/** Over once, over for good: the record remembers it when staging moves on. */
const judge = (s: Facts<typeof reads>, now: Instant) => {
  const needed = soakOf(s);
  const end = soakedAt(s);
  if (wasTested(s) || (end !== undefined && end <= now)) {
    return passed('Soaked', `Staging has run this content, healthy, for the ${needed} that the policy asks`);
  }
  const namespace = s.candidate.metadata.namespace;
  if (end === undefined) {
    return waiting('NotSoaking', {
      message: `The soak of ${needed} has not begun, for ${namespace} does not run this content healthily`,
      remedy: `The developer makes ${namespace} run it, healthy; the gates StagingHealthy and StagingUnchanged say what is missing: kubectl get pods -n ${namespace}`,
    });
  }
  return waiting('Soaking', {
    message: `${namespace} must run this content, healthy, for ${needed}`,
    remedy: `Wait; it continues automatically. Until then leave ${namespace} as it is: kubectl get pods -n ${namespace}`,
    wakeAt: end,
  });
};

export const soak = defineGate({
  name: 'Soak',
  asks: 'Has staging run it long enough?',
  reads,
  rejudgedAtAdmission:
    'It is about staging, which the webhook does not follow; the record says that the content was staged.',
  exceptable: true,
  judge,
});
