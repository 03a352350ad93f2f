/** Has staging run this content long enough? */
import { soakedAt, wasTested } from './staging-hold.ts';
import { soakOf } from '../../people/approval-lines.ts';
import { passed, waiting, type Gate } from '../gate.ts';

/** Over once, over for good: the record remembers it when staging moves on. */
export const soak: Gate = (s, now) => {
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
