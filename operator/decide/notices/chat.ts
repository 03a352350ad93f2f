/**
 * A notice as a message of a chat. Words that are not ours (names, versions, comments, causes) stand only where the chat gives characters no
 * meaning: in code of Slack and Mattermost, in text runs of Teams, which know no markup. So nothing in them becomes a link or a mention.
 */
import type { JsonObject } from '../../api/meta.ts';
import { aboutOf, headlineOf, type OutboundNotice } from './notice.ts';

/** Nothing in it ends the code that it stands in. */
const withoutTicks = (text: string): string => text.replaceAll('`', "'").trim() || '-';

/** Slack reads these three everywhere, in code, too. */
const slackEscaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');

const slackCode = (text: string): string => `\`${slackEscaped(withoutTicks(text))}\``;

const section = (text: string): JsonObject => ({ type: 'section', text: { type: 'mrkdwn', text, verbatim: true } });

/** For an incoming webhook of Slack. Nothing is parsed that is not markup: no address, no name of a channel or a person. */
export const slackOf = (notice: OutboundNotice): JsonObject => {
  const { facts, command } = notice;
  const head = `*${headlineOf(notice)}* ${slackCode(aboutOf(notice))}`;
  const lines = facts.map(({ label, value }) => `${label}: ${slackCode(value)}`);
  return {
    text: head,
    parse: 'none',
    link_names: false,
    unfurl_links: false,
    unfurl_media: false,
    blocks: [
      section(head),
      ...(lines.length === 0 ? [] : chunked(lines, 2_900).map(section)),
      ...(command === '' ? [] : [section(`\`\`\`${slackEscaped(withoutTicks(command))}\`\`\``)]),
    ],
  };
};

/** Texts of at most `max` characters, of whole lines. */
const chunked = (lines: readonly string[], max: number): readonly string[] => {
  const texts: string[] = [];
  for (const line of lines) {
    const last = texts.at(-1);
    if (last === undefined || last.length + line.length + 1 > max) texts.push(line.slice(0, max));
    else texts[texts.length - 1] = `${last}\n${line}`;
  }
  return texts;
};

const markdownCode = (text: string): string => `\`${withoutTicks(text)}\``;

/** For an incoming webhook of Mattermost, which reads Markdown; in code it looks for no mention. */
export const mattermostOf = (notice: OutboundNotice): JsonObject => {
  const { facts, command } = notice;
  return {
    text: [
      `**${headlineOf(notice)}** ${markdownCode(aboutOf(notice))}`,
      ...facts.map(({ label, value }) => `- ${label}: ${markdownCode(value)}`),
      ...(command === '' ? [] : ['', '```', withoutTicks(command), '```']),
    ].join('\n'),
  };
};

/** A card would take `{{DATE(…)}}` for a date of its own. */
const cardText = (text: string): string => text.replaceAll('{{', '{ {');

const run = (text: string, more: JsonObject = {}): JsonObject => ({ type: 'TextRun', text: cardText(text), ...more });

const line = (...inlines: readonly JsonObject[]): JsonObject => ({ type: 'RichTextBlock', inlines: [...inlines] });

/** For a workflow of Teams that posts what an incoming webhook gets: an Adaptive Card of text runs, in which there is no Markdown. */
export const teamsOf = (notice: OutboundNotice): JsonObject => {
  const { facts, command } = notice;
  const head = `${headlineOf(notice)}: ${aboutOf(notice)}`;
  return {
    type: 'message',
    attachments: [
      {
        contentType: 'application/vnd.microsoft.card.adaptive',
        contentUrl: null,
        content: {
          $schema: 'http://adaptivecards.io/schemas/adaptive-card.json',
          type: 'AdaptiveCard',
          version: '1.4',
          fallbackText: cardText(head),
          msteams: { width: 'Full' },
          body: [
            line(run(head, { weight: 'Bolder', size: 'Medium' })),
            ...facts.map(({ label, value }) => line(run(`${label}: `, { isSubtle: true }), run(value))),
            ...(command === '' ? [] : [line(run(command, { fontType: 'Monospace' }))]),
          ],
        },
      },
    ],
  };
};
