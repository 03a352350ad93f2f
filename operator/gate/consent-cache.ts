/**
 * Consent to promotions, and to where rollbacks lead, read past every copy: once for all writes of one, and for a promotion begun as soon
 * as it is known that they will come.
 */
import { judgeConsent, type Consent } from '../decide/admission/consent.ts';
import { judgeReturn, type ReturnAct } from '../decide/admission/rollback-consent.ts';
import type { Instant } from '../decide/objects.ts';
import { questionKey, type Answer, type Question } from '../decide/api-queries.ts';
import type { OpenIntent } from '../decide/record/package.ts';
import type { Sight } from './state.ts';

export type AnsweredConsent = Exclude<Consent, { is: 'Ask' }>;
export type Ask = (question: Question) => Promise<Answer>;

export interface Consents {
  /** Whether consent to a promotion is there now. Its writes ask once, together; what was not found is read again. */
  to(namespace: string, intent: OpenIntent): Promise<AnsweredConsent>;
  /** Whether people have signed for where a rollback leads, and, to delete, for what it takes back. Read once, as above. */
  toReturn(namespace: string, intent: OpenIntent, act: ReturnAct): Promise<AnsweredConsent>;
  /** A promotion has begun: its first write is on its way, and what it rests on is read meanwhile. */
  expect(namespace: string, intent: OpenIntent): void;
}

export interface ConsentTools {
  readonly sight: Pick<Sight, 'namespace' | 'record' | 'integrity' | 'grounds' | 'returnGrounds'>;
  readonly ask: Ask;
  readonly now: () => Instant;
}

/** Rounds of questions; more would be a bug. */
const mostRounds = 8;

/** Intents whose consent was read and found; the oldest is forgotten when there are more. */
const mostRemembered = 1_000;

/** What was read before anybody wrote counts for as long from its beginning. */
const aheadMs = 1_000;

export const answerAll = async (
  ask: Ask,
  questions: readonly Question[],
  answers: Map<string, Answer>,
): Promise<void> => {
  await Promise.all(questions.map(async (question) => answers.set(questionKey(question), await ask(question))));
};

// oxlint-disable-next-line max-lines-per-function -- one closure holds what was verified and what is being verified
export const createConsents = ({ sight, ask, now }: ConsentTools): Consents => {
  const verified = new Set<string>();
  const verifying = new Map<string, Promise<AnsweredConsent>>();
  /** What was read ahead: until when it counts. */
  const ahead = new Map<string, Promise<Instant>>();

  const read = async (namespace: string, intent: OpenIntent): Promise<AnsweredConsent> => {
    const target = sight.namespace(namespace);
    if (target === undefined) return { is: 'Missing', message: 'the namespace is not known' };
    const grounds = await sight.grounds(namespace, intent);
    const answers = new Map<string, Answer>();
    for (let round = 0; round < mostRounds; round += 1) {
      const consent = judgeConsent({
        ...grounds,
        intent,
        target,
        record: sight.record(namespace),
        integrity: sight.integrity(namespace),
        answers,
      });
      if (consent.is !== 'Ask') return consent;
      await answerAll(ask, consent.questions, answers);
    }
    throw new Error('the questions about consent do not end');
  };

  const once = (id: string, begin: () => Promise<AnsweredConsent>): Promise<AnsweredConsent> => {
    const reading = verifying.get(id) ?? begin().finally(() => verifying.delete(id));
    verifying.set(id, reading);
    return reading;
  };

  const readReturn = async (namespace: string, intent: OpenIntent, act: ReturnAct): Promise<AnsweredConsent> => {
    // What cannot be read is not "no gate is up": whoever can make a bundle that nobody can read must not get past by it.
    const grounds = await sight.returnGrounds(namespace, intent).catch((error: unknown) => String(error));
    if (typeof grounds === 'string') return { is: 'Held', message: `what it goes back to cannot be read: ${grounds}` };
    return judgeReturn({ ...grounds, intent, record: sight.record(namespace) }, act);
  };

  /** Nothing but consent counts when it was read ahead: anything else is read again, on behalf of whoever writes. */
  const readAhead = async (namespace: string, intent: OpenIntent): Promise<Instant> => {
    const began = now();
    const consent = await read(namespace, intent).catch(() => undefined);
    return consent?.is === 'Given' ? began + aheadMs : began;
  };

  /** The locks are looked at now in any case: they are followed here, and one may have changed since. */
  const wasReadAhead = async (namespace: string, id: string): Promise<boolean> => {
    const until = await ahead.get(id);
    return until !== undefined && now() < until && sight.integrity(namespace).length === 0;
  };

  const keep = (id: string): void => {
    ahead.delete(id);
    verified.add(id);
    forgetOldest(verified);
  };

  return {
    async to(namespace, intent) {
      const id = identityOf(namespace, intent);
      const consent: AnsweredConsent =
        verified.has(id) || (await wasReadAhead(namespace, id))
          ? { is: 'Given' }
          : await once(id, () => read(namespace, intent));
      if (consent.is === 'Given') keep(id);
      return consent;
    },
    async toReturn(namespace, intent, act) {
      const id = `${identityOf(namespace, intent)} ${act}`;
      if (verified.has(id)) return { is: 'Given' };
      const consent = await once(id, () => readReturn(namespace, intent, act));
      if (consent.is === 'Given') keep(id);
      return consent;
    },
    expect(namespace, intent) {
      ahead.set(identityOf(namespace, intent), readAhead(namespace, intent));
      forgetOldest(ahead);
    },
  };
};

/** Whoever appends chooses the id of the entry: consent to one intent is none to another that bears its id. */
const identityOf = (
  namespace: string,
  { type, id, seq, candidate, to, toDigest, from, fromDigest }: OpenIntent,
): string => [namespace, type, seq, id, candidate.uid, to, toDigest, from, fromDigest].join(' ');

const forgetOldest = (remembered: Set<string> | Map<string, unknown>): void => {
  const [oldest] = remembered.keys();
  if (remembered.size > mostRemembered && oldest !== undefined) remembered.delete(oldest);
};
