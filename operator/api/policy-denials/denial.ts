/** What a refusal of an admission policy of the chart is made of. */

/** A refusal. `{expression}` is CEL about the request, `{{name}}` a value that the template of the chart gives. */
export interface PolicyDenial {
  /** Whom it meets, as one phrase. */
  readonly who: string;
  /** Who may not do what, and why. */
  readonly says: string;
  /** What to do next; a command where there is one. */
  readonly next: string;
}

/** What takes a right, in the words and expressions of a policy. */
interface Right {
  /** What is done, after “may”. */
  readonly doing: string;
  /** The ClusterRole that gives the right. */
  readonly clusterRole: string;
  /** The namespace in which it is held. */
  readonly where: string;
  /** Programs may hold it, too. */
  readonly programs?: true;
}

/** The refusals of a rule that asks for somebody who holds a right by name. */
export const rightDenials = (
  rule: string,
  { doing, clusterRole, where, programs }: Right,
): Readonly<Record<string, PolicyDenial>> => ({
  ...(programs === true
    ? {}
    : {
        [`${rule}NeedsPerson`]: {
          who: 'a system identity that does what takes a person',
          says: `{caller} is a system identity, and those may not ${doing}`,
          next: 'have a person do it',
        },
      }),
  [`${rule}RightMissing`]: {
    who: 'a person without the right',
    says: `{caller} may not ${doing}`,
    next: `ask a platform admin for the right: kubectl create rolebinding {caller}-${clusterRole} --clusterrole=${clusterRole} --user={caller} -n ${where}`,
  },
  [`${rule}OnlyByWildcard`]: {
    who: 'a person who holds the right by a wildcard alone',
    says: `{caller} may ${doing} only by a wildcard (* on verbs or resources), and wildcards sign nothing`,
    next: `do it as somebody who holds ${clusterRole} without a wildcard: kubectl get rolebindings -n ${where} -o wide`,
  },
});
