/** Refusals of the gate about a ReleasePolicy whose changes take others: rows of denials.ts. */
export const policyWriteDenials = {
  PolicyChangeMissing: {
    who: 'a program with the identity of the operator that writes a policy for which nobody signed',
    what: '{{act}} in {{place}}',
    why: '{{missing}}',
    next: 'if nobody else wrote it, read the signatures: kubectl get polchg,appr -n {{place}}; else a stolen token did, and the audit log says from where',
  },
  ChangeNeedsSigners: {
    who: 'anybody who changes or deletes a policy alone whose changes take others',
    what: '{{act}} in {{place}} alone',
    why: 'its spec.changes says that others sign for that',
    next: 'ask for the change: kubectl countersign policy change -f <policy>.yaml -n {{place}} --reason <why>',
  },
} as const;
