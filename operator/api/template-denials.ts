/** Refusals of the gate that are about templates of policies. */
import type { Denial } from './denial.ts';

export const templateDenials = {
  TemplateNeverLoosened: {
    who: 'anybody who loosens a ClusterReleasePolicy',
    what: 'loosen ClusterReleasePolicy {{template}}',
    why: 'it is only ever tightened, for every policy that inherits it: {{fields}}',
    next: 'make another template and have each namespace move to it: kubectl create -f <clusterreleasepolicy>.yaml; kubectl edit relpol production -n <namespace>',
  },
  TemplateInherited: {
    who: 'anybody who deletes a ClusterReleasePolicy that policies inherit',
    what: 'delete ClusterReleasePolicy {{template}}',
    why: 'the policies of these namespaces inherit it: {{namespaces}}',
    next: 'have each of them name another in spec.inherits first: kubectl edit relpol production -n <namespace>',
  },
  LooserThanTemplate: {
    who: 'anybody who makes a policy looser than its template where the API server reads it',
    what: '{{act}} in {{place}}',
    why: '{{problems}}',
    next: '{{remedies}}',
  },
  TemplateMissing: {
    who: 'anybody who has a policy inherit from what is not there',
    what: '{{act}} in {{place}}',
    why: '{{problems}}',
    next: '{{remedies}}',
  },
} as const satisfies Record<string, Denial>;
