/** Small things that every view shows in the same way. Text is always text: nothing here makes HTML from a string. */
import type { ComponentChildren } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import type { ProblemModel, Tone } from '../cli/dashboard/models.ts';
import { useNow } from './live.ts';

const marks: Readonly<Record<Tone, readonly [mark: string, says: string]>> = {
  good: ['✓', 'good'],
  bad: ['✗', 'bad'],
  open: ['◷', 'open'],
  plain: ['·', ''],
};

/** A mark beside words that say the same: color is never alone. */
export const Mark = ({ tone }: { readonly tone: Tone }) => (
  <span class={`mark ${tone}`} aria-hidden="true">
    {marks[tone][0]}
  </span>
);

export const Badge = ({ tone, children }: { readonly tone: Tone; readonly children: ComponentChildren }) => (
  <span class={`badge ${tone}`}>{children}</span>
);

const units = [
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
] as const;

/** In words that need no table: `3 hours`. */
export const durationOf = (ms: number): string => {
  const seconds = Math.max(0, Math.round(ms / 1_000));
  const found = units.find(([, size]) => seconds >= 2 * size) ?? ['second', 1];
  const count = Math.floor(seconds / found[1]);
  return `${count} ${found[0]}${count === 1 ? '' : 's'}`;
};

const tickMs = 10_000;

/** How long ago; the whole time where somebody points at it. */
export const Age = ({ since }: { readonly since: string | undefined }) => {
  const now = useNow(tickMs);
  const at = Date.parse(since ?? '');
  if (Number.isNaN(at)) return null;
  return (
    <time dateTime={since} title={since}>
      {durationOf(now - at)}
    </time>
  );
};

const copiedMs = 1_500;

/** A command, and a button that copies it. */
export const Command = ({ line }: { readonly line: string }) => {
  const [copied, setCopied] = useState(false);
  const copy = (): void => {
    void navigator.clipboard.writeText(line).then(() => {
      setCopied(true);
      return setTimeout(() => setCopied(false), copiedMs);
    });
  };
  return (
    <span class="command">
      <code>{line}</code>
      <button type="button" class="quiet" onClick={copy} aria-label={`Copy: ${line}`}>
        {copied ? 'Copied' : 'Copy'}
      </button>
    </span>
  );
};

/** A text of the operator. It may have several lines, such as an overlay that is there to be copied. */
export const Lines = ({ text }: { readonly text: string }) => {
  const [first = '', ...others] = text.split('\n');
  return (
    <>
      <span>{first}</span>
      {others.length > 0 && <pre class="block">{others.join('\n')}</pre>}
    </>
  );
};

/** Commands in a sentence, each up to where the sentence goes on. */
const commandsIn = /((?:kubectl|git|helm) [^;]*?)(?=;|\. |$)/;

/** What to do next. Every command in it can be copied. */
export const Next = ({ text }: { readonly text: string }) => {
  if (text === '') return null;
  const parts = text.includes('\n') ? [text] : text.split(commandsIn);
  return (
    <div class="next">
      {parts.length === 1 ? (
        <Lines text={text} />
      ) : (
        parts.map((part, at) =>
          at % 2 === 1 ? <Command key={at} line={part.trim()} /> : <span key={at}>{part.replace(/^[;.] */, '')} </span>,
        )
      )}
    </div>
  );
};

export const Problem = ({ problem }: { readonly problem: ProblemModel }) => (
  <div class="problem" role="alert">
    <p>
      <Mark tone="bad" /> <Lines text={problem.message} />
    </p>
    <Next text={problem.next} />
  </div>
);

export const Section = (given: {
  readonly title: string;
  readonly says?: ComponentChildren;
  readonly children: ComponentChildren;
}) => (
  <section>
    <h2>
      {given.title}
      {given.says !== undefined && <small>{given.says}</small>}
    </h2>
    {given.children}
  </section>
);

/** The title of the view: screen readers begin here, and the tab is called so. */
export const Title = ({ text, children }: { readonly text: string; readonly children?: ComponentChildren }) => {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    heading.current?.focus({ preventScroll: true });
  }, []);
  useEffect(() => {
    document.title = `${text} · Countersign`;
  }, [text]);
  return (
    <h1 ref={heading} tabIndex={-1}>
      {text}
      {children}
    </h1>
  );
};
