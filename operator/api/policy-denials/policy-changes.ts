/** Refusals of the policies that keep a ReleasePolicy whose changes take others, and the requests for those. */
import type { PolicyDenial } from './denial.ts';

export const policyChangeDenials: Readonly<Record<string, PolicyDenial>> = {
  ChangeNeedsSigners: {
    who: 'anybody who changes or deletes a policy alone whose changes take others',
    says: '{caller} may not change or delete the policy of {place} alone: its spec.changes says that others sign for that',
    next: 'ask for the change: kubectl countersign policy change -f <policy>.yaml --reason <why>. If nobody is left who may sign, a cluster admin changes it, with a reason in the same write that was not there before: metadata.annotations countersign.dev/changed-alone',
  },
  ChangeMarksKept: {
    who: 'anybody who writes the marks of a policy that say how it was changed',
    says: '{caller} may not set countersign.dev/applied-change or countersign.dev/changed-alone on the policy of {place}: they say how it was changed',
    next: 'leave both as they are: kubectl get relpol -n {place} -o yaml. A cluster admin sets changed-alone in the write that changes the spec of a policy with spec.changes',
  },
  ChangeAppliesSpec: {
    who: 'a program with the identity of the operator that writes a policy otherwise than by a signed change',
    says: '{caller} may write the spec of policy production alone, where it is guarded and has spec.changes: not this of {request.name} in {place}',
    next: 'only a stolen token does that: find out in the audit log who did',
  },
  ChangedInProduction: {
    who: 'anybody who asks for a change of the policy in a namespace that is not guarded',
    says: '{caller} cannot ask for a change of the policy in {place}, which is not guarded: nothing is judged by it there',
    next: 'create it in a production namespace: kubectl get namespaces -l countersign.dev/guarded',
  },
  ProposeNeedsPerson: {
    who: 'a system identity that asks for a change of the policy',
    says: '{caller} is a system identity, and those may not ask for a change of the policy of {place}',
    next: 'have a person do it',
  },
  ProposeRightMissing: {
    who: 'a person without the right to administer who asks for a change of the policy',
    says: '{caller} may not ask for a change of the policy of {place}',
    next: 'ask a cluster admin for the right: kubectl create rolebinding {caller}-countersign-admin --clusterrole=countersign-admin --user={caller} -n {place}',
  },
};
