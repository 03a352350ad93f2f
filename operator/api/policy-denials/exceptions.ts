/** Refusals of the policy that keeps exceptions. */
import { rightDenials, type PolicyDenial } from './denial.ts';

export const exceptionDenials: Readonly<Record<string, PolicyDenial>> = {
  ExceptedInProduction: {
    who: 'anybody who asks for an exception in a namespace that is not guarded',
    says: '{caller} cannot ask for an exception in {place}, which is not guarded: no gate is there',
    next: 'create it in a production namespace: kubectl get namespaces -l countersign.dev/guarded',
  },
  ...rightDenials('Except', {
    doing: 'ask for an exception in {place}',
    clusterRole: 'countersign-owner',
    where: '{place}',
  }),
  ExceptionEndsLater: {
    who: 'anybody who asks for an exception that would be over',
    says: '{caller} cannot ask for an exception that is over: spec.until is not after the clock of the API server',
    next: 'set spec.until to the moment at which it shall end, such as 2026-05-04T18:00:00Z',
  },
};
