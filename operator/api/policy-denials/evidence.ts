/** Refusals of the policy that keeps evidence. */
import { rightDenials, type PolicyDenial } from './denial.ts';

export const evidenceDenials: Readonly<Record<string, PolicyDenial>> = {
  ReportedInStaging: {
    who: 'anybody who reports evidence in a namespace that is no staging namespace',
    says: '{caller} cannot report {object.spec.type} in {place}: it is no staging namespace, so nothing reads evidence there',
    next: 'create it in the namespace of the candidate: kubectl get cand -A',
  },
  ...rightDenials('Report', {
    doing: 'report {object.spec.type} in {place}',
    clusterRole: 'countersign-report-{object.spec.type}',
    where: '{place}',
    programs: true,
  }),
  ReporterFromElsewhere: {
    who: 'an account of the staging namespace that reports evidence there',
    says: '{caller} may not report {object.spec.type} in {place}: everybody who may run pods there speaks as it, and they may be the authors',
    next: 'report as a ServiceAccount of another namespace, and have a platform admin bind it: kubectl create rolebinding <name> --clusterrole=countersign-report-{object.spec.type} --serviceaccount=<namespace>:<account> -n {place}',
  },
  PerformedBefore: {
    who: 'a reporter who says that something was performed that is to come',
    says: '{caller} may not report {object.spec.type} that is to come: spec.performedAt is later than the clock of the API server',
    next: 'set spec.performedAt to when it was: date -u +%FT%TZ',
  },
};
