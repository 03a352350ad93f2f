/** `kubectl countersign notes`: the release notes, as Markdown. */
import type { ReleaseCandidate } from '../../operator/api/candidate.ts';
import { literal } from '../../operator/decide/markdown.ts';
import { deedOf } from '../../operator/decide/people/source-authors.ts';
import { gateFacts, signedFacts } from '../candidate/facts.ts';
import { findCandidate } from '../candidate/find.ts';
import { storyOf, type Story } from '../candidate/story.ts';
import { candidateArgument, connectionOptions, type CommandDefinition } from '../command.ts';
import { Problem } from '../exit.ts';

const section = (title: string, lines: readonly string[], nothing: string): readonly string[] => [
  '',
  `## ${title}`,
  '',
  ...(lines.length === 0 ? [nothing] : lines.map((line) => `- ${line}`)),
];

const gateLines = (
  candidate: ReleaseCandidate,
  isMeant: (name: string, reason: string) => boolean,
): readonly string[] =>
  gateFacts(candidate)
    .filter(({ name, reason }) => isMeant(name, reason))
    .map(({ name, message }) => `${name}: ${literal(message)}`);

const signers = (story: Story, now: number): readonly string[] =>
  (signedFacts(story, now)?.signatures ?? []).map(
    ({ username, role, decision, because, since }) =>
      `${literal(username)} as ${role}, ${decision === 'Reject' ? 'rejected' : 'approved'}${since === undefined ? '' : ` ${since}`}${because === '' ? '' : ` (does not count: ${literal(because)})`}`,
  );

/** What the bundle says, and what came since. */
const notesOf = (story: Story, text: string, now: number): string => {
  const { candidate, bundle } = story;
  const lines = [
    text.trimEnd(),
    ...section(
      'Evidence',
      gateLines(candidate, (name) => name === 'Evidence'),
      'None was asked for.',
    ),
    ...section(
      'Exceptions',
      gateLines(candidate, (_, reason) => reason === 'PassedByException'),
      'None.',
    ),
    ...section(
      'Authors by the source',
      (candidate.status?.sourceAuthors ?? []).map((each) => literal(deedOf(each))),
      'No signed statement names any.',
    ),
    ...section('Who signed', signers(story, now), 'Nobody yet.'),
    '',
    `Content: ${bundle?.spec.digest ?? ''}, candidate ${candidate.metadata.name}, into ${candidate.spec.targetNamespace}`,
  ];
  return `${lines.join('\n')}\n`;
};

export const notes: CommandDefinition = {
  name: 'notes',
  summary: 'Prints the release notes of a candidate as Markdown.',
  description:
    'What people say of the release, and what is computed: which components change and how risky that is, what it needs and who depends on it, its way back and what cannot be taken back, the evidence, exceptions and signatures that it has. What people typed is printed as they typed it, never as markup.',
  args: [candidateArgument],
  options: connectionOptions,
  examples: [{ says: 'For a change record', line: 'notes payments-2.4.0 -n payments-staging' }],
  async run(session) {
    const candidate = await findCandidate(session, session.name());
    const story = await storyOf(await session.cluster(), candidate);
    const { name, namespace } = candidate.metadata;
    const text = story.bundle?.spec.notes ?? '';
    if (text === '') {
      throw new Problem(
        candidate.status?.bundle === undefined
          ? `${name} is not staged yet: its notes are made of its content`
          : `You may not read the bundle of ${name} in ${candidate.spec.targetNamespace}, or it has no notes`,
        `kubectl countersign why ${name} -n ${namespace}`,
      );
    }
    session.out.document(notesOf(story, text, session.now()));
  },
};
