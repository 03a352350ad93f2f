/** Whatever ends a program before it works: one line of JSON that says what is wrong and what to do. */
import { toFailure, type FailureKind } from '../kube/failures.ts';
import { WrongKinds, WrongSettings } from '../settings.ts';

/** What to do about an answer of the API server. */
const aboutAnswers: Partial<Readonly<Record<FailureKind, string>>> = {
  Forbidden:
    'bind the ServiceAccount of the program to the roles of the chart: helm upgrade, or kubectl get clusterrolebindings',
  NotFound: 'install the chart of the same version: helm upgrade --install',
  Unavailable: 'see that the API server is reachable from this pod: NetworkPolicies, DNS, and its address',
  Throttled: 'wait; the program is started again',
};

const aboutSystem: Readonly<Record<string, string>> = {
  ENOENT: 'mount what the message names: the token of the ServiceAccount, or the file that the environment names',
  EACCES: 'make the file that the message names readable for the user of the program',
  EADDRINUSE: 'end what listens on that port, or set another port',
};

/** What whoever runs it is to do next. */
export const remedyFor = (error: unknown): string => {
  if (error instanceof WrongKinds)
    return 'change the value kinds of the chart: helm upgrade --reuse-values -f kinds.yaml';
  if (error instanceof WrongSettings) return 'set the environment variables that the message names';
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  const { kind } = toFailure(error);
  return aboutSystem[code] ?? aboutAnswers[kind] ?? 'report the message and the stack; the program is started again';
};
