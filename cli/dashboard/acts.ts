/** What the page may do: sign, under the digest that was read. Every act asks what the command asks before it sends anything. */
import { isRecord } from '../../operator/kube/resource.ts';
import { requestRead, type ReadAndDecided } from '../candidate/request-signing.ts';
import { findingRead, reviewRead, type ReadAndSigned } from '../candidate/review.ts';
import { signRead, type Signing } from '../candidate/signing.ts';
import type { Cluster } from '../cluster/cluster.ts';
import { Problem } from '../exit.ts';

type Body = Readonly<Record<string, unknown>>;
type Act = (cluster: Cluster, body: Body, now: number) => Promise<string>;

const textIn = (body: Body, field: string): string => {
  const value = body[field];
  if (typeof value !== 'string') throw new Problem(`The page did not say ${field}`, 'Load the page again');
  return value;
};

const readIn = (body: Body): ReadAndSigned => ({
  namespace: textIn(body, 'namespace'),
  name: textIn(body, 'name'),
  digest: textIn(body, 'digest'),
  role: textIn(body, 'role'),
  comment: textIn(body, 'comment'),
});

const decisionIn = (body: Body): Signing['decision'] => (textIn(body, 'decision') === 'Reject' ? 'Reject' : 'Approve');

const signingIn = (body: Body): Signing => ({
  ...readIn(body),
  uid: textIn(body, 'uid'),
  decision: decisionIn(body),
});

const decidedIn = (body: Body): ReadAndDecided => ({
  ...readIn(body),
  what: textIn(body, 'what') === 'exception' ? 'exception' : 'change',
  decision: decisionIn(body),
});

export const acts: ReadonlyMap<string, Act> = new Map(
  Object.entries<Act>({
    '/sign': (cluster, body, now) => signRead(cluster, signingIn(body), now),
    '/review': (cluster, body) => reviewRead(cluster, readIn(body)),
    '/request': (cluster, body, now) => requestRead(cluster, decidedIn(body), now),
    '/finding': (cluster, body) => findingRead(cluster, readIn(body)),
  }),
);

/** @throws Problem when nothing was done, with why */
export const act = (what: Act, cluster: Cluster, body: unknown, now: number): Promise<string> => {
  if (!isRecord(body)) throw new Problem('The page sent nothing', 'Load the page again');
  return what(cluster, body, now);
};
