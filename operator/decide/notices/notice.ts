/** A notice that leaves the cluster: what happened, to what, and the command to type next. Every text in it is bounded and shows as what it is. */
import { noticeKinds, type NoticeKind } from '../../api/notify.ts';
import { digestOf } from '../json/canonical.ts';
import type { Instant } from '../objects.ts';
import { visible } from '../safe-text.ts';

/** What a notice is about, as the API server knows it. */
export interface NoticeSubject {
  readonly kind: string;
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
}

/** One line of what is known. */
export interface NoticeFact {
  readonly label: string;
  /** May hold words of anybody; bounded, on one line. */
  readonly value: string;
}

export interface OutboundNotice {
  /** The same for the same happening, whoever sends it and how often. */
  readonly id: string;
  readonly kind: NoticeKind;
  /** When it happened, or fell due. */
  readonly at: Instant;
  /** The production namespace. */
  readonly namespace: string;
  /** '' = it concerns no package. */
  readonly package: string;
  /** The role that is waited for; '' = none. */
  readonly role: string;
  /** Version of the release; '' = there is none. */
  readonly version: string;
  /** The content; '' = none. */
  readonly digest: string;
  readonly subject: NoticeSubject;
  readonly facts: readonly NoticeFact[];
  /** To be typed in a terminal; '' = there is nothing to type. */
  readonly command: string;
}

/** Characters of one fact. */
export const maxFact = 400;

/** The text on one line, with nothing in it that misleads the eye, and no longer than `max` characters. */
export const bounded = (text: string, max = maxFact): string => {
  // What would be cut away anyhow is not looked at: it may be a megabyte.
  const shown = Array.from(visible(text.slice(0, max * 2)));
  return shown.length <= max && text.length <= max * 2 ? shown.join('') : `${shown.slice(0, max - 1).join('')}…`;
};

/** Stable: by what happened, and nothing else. */
export const noticeId = (kind: NoticeKind, ...happened: readonly string[]): string =>
  digestOf([kind, ...happened]).slice('sha256:'.length, 'sha256:'.length + 32);

/** Facts without those that say nothing. */
export const factsOf = (given: Readonly<Record<string, string>>): readonly NoticeFact[] =>
  Object.entries(given)
    .filter(([, value]) => value !== '')
    .map(([label, value]) => ({ label, value: bounded(value) }));

/** In front of what it is about. */
export const headlineOf = ({ kind }: Pick<OutboundNotice, 'kind'>): string => noticeKinds[kind].headline;

/** What it is about, in one line: `payments 2.4.0 in payments-prod`. */
export const aboutOf = ({ package: pkg, version, namespace, subject }: OutboundNotice): string => {
  const what = pkg === '' ? `${subject.kind} ${subject.name}` : `${pkg} ${version}`.trim();
  return bounded(`${what} in ${namespace}`, 200);
};
