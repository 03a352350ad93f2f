import { describe, expect, test } from '@jest/globals';
import * as fc from 'fast-check';
import type { JsonObject } from '../../api/meta.ts';
import { noticeKinds } from '../../api/notify.ts';
import { mattermostOf, slackOf, teamsOf } from './chat.ts';
import { cloudEventOf } from './cloud-event.ts';
import { bounded, factsOf, maxFact, type OutboundNotice } from './notice.ts';

const hostile = [
  '<!channel> <!here> <@U123> <#C123> <https://evil.example|https://good.example>',
  '@all @channel @here @admin ~town-square',
  '[click](https://evil.example) ![x](https://evil.example/x.png) <https://evil.example> https://evil.example www.evil.example',
  '`` ` ``` code ``` *bold* _it_ ~no~ **b** # head\n> quote\n- item',
  '<at>everybody</at> {{DATE(2026-01-01T00:00:00Z,SHORT)}} ${x}',
  'a\u202Eb\u200Bc\u0000d\u001B[31me\u2066f\uFEFFg',
  '</text><script>alert(1)</script> &lt;!channel&gt;',
  'x'.repeat(5_000),
];

const aNotice = (words: string): OutboundNotice => ({
  id: 'f00',
  kind: 'Rejected',
  at: 0,
  namespace: words,
  package: words,
  role: words,
  version: words,
  digest: '',
  subject: { kind: 'ReleaseCandidate', namespace: words, name: words, uid: 'u' },
  facts: factsOf({ candidate: words, why: words }),
  command: `kubectl countersign why '${bounded(words, 100)}' -n here`,
});

/** Every text in a message. */
const textsIn = (value: unknown): readonly string[] =>
  typeof value === 'string'
    ? [value]
    : typeof value === 'object' && value !== null
      ? Object.values(value).flatMap(textsIn)
      : [];

const isUnprintable = /[^\P{C}\n]|[\p{Zl}\p{Zp}\u200B-\u200F\u2060-\u2069]/u;

const words = fc
  .oneof(fc.constantFrom(...hostile), fc.string({ unit: 'binary' }), fc.string())
  .map((text) => (text.trim() === '' ? 'x' : text));

const everyone: readonly (readonly [string, (notice: OutboundNotice) => JsonObject])[] = [
  ['CloudEvents', (notice) => cloudEventOf(notice, '/countersign/test')],
  ['Slack', slackOf],
  ['Mattermost', mattermostOf],
  ['Teams', teamsOf],
];

describe.each(everyone)('%s', (_, render) => {
  test('nothing in it is invisible or moves the cursor, and it is bounded', () => {
    fc.assert(
      fc.property(words, (text) => {
        const message = render(aNotice(text));
        for (const each of textsIn(message)) expect(each).not.toMatch(isUnprintable);
        expect(JSON.stringify(message).length).toBeLessThan(16_000);
      }),
    );
  });
});

/** What a chat reads as markup: all that does not stand in code. */
const outsideCode = (text: string): string => text.replaceAll(/```[^`]*```/g, '').replaceAll(/`[^`\n]+`/g, '');

test('of Slack, words that are not ours stand in code, and mean nothing there', () => {
  const plain = outsideCode(JSON.stringify(textsIn(slackOf(aNotice('plain')))));
  fc.assert(
    fc.property(words, (text) => {
      const texts = textsIn(slackOf(aNotice(text)));
      expect(texts.join('').replaceAll(/&(?:amp|lt|gt);/g, '')).not.toMatch(/[<>&]/);
      expect(outsideCode(JSON.stringify(texts))).toBe(plain);
    }),
  );
});

test('of Mattermost, words that are not ours stand in code', () => {
  const plain = outsideCode(textsIn(mattermostOf(aNotice('plain'))).join(''));
  fc.assert(
    fc.property(words, (text) => {
      expect(outsideCode(textsIn(mattermostOf(aNotice(text))).join(''))).toBe(plain);
    }),
  );
});

test('of Teams, words that are not ours stand in text runs, which know no markup, and nobody is mentioned', () => {
  fc.assert(
    fc.property(words, (text) => {
      const message = JSON.stringify(teamsOf(aNotice(text)));
      expect(message).not.toContain('"type":"TextBlock"');
      expect(message).not.toContain('"entities"');
      expect(message).not.toContain('{{');
    }),
  );
});

test('an event that is sent again is the same event', () => {
  const [one, two] = [cloudEventOf(aNotice('a'), '/x'), cloudEventOf(aNotice('a'), '/x')];
  expect(JSON.stringify(one)).toBe(JSON.stringify(two));
});

test.each(Object.entries(noticeKinds))('%s has a type of the CDEvents vocabulary, or a custom one', (_, { event }) => {
  expect(event).toMatch(
    /^dev\.cdevents(x\.countersign-[a-z]+\.[a-z]+\.0\.1\.0|\.(service|incident)\.[a-z]+\.0\.3\.0)$/,
  );
});

test('a text that is too long is cut, and says so', () => {
  expect(bounded('x'.repeat(maxFact))).toBe('x'.repeat(maxFact));
  expect(bounded('x'.repeat(maxFact + 1))).toBe(`${'x'.repeat(maxFact - 1)}…`);
  expect(bounded('\u0000'.repeat(10_000)).length).toBe(maxFact);
});
