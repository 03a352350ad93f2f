/** What every live view has around it: that it is being asked for, that it cannot be had, or that it is no longer live. */
import type { ComponentChildren } from 'preact';
import type { Seen } from './live.ts';
import { Problem, Title } from './parts.tsx';

const lost = {
  message: 'The command that serves this page does not answer. What is shown may be old',
  next: 'Look at the terminal in which kubectl countersign dashboard runs, and start it again if it has ended',
};

export const Stage = <M,>(given: { readonly seen: Seen<M>; readonly children: (model: M) => ComponentChildren }) => {
  const { model, problem, line } = given.seen;
  return (
    <main id="content" data-line={line}>
      {line === 'lost' && <Problem problem={lost} />}
      {line === 'paused' && (
        <p class="hint" role="status">
          Several tabs are open, so this one rests. It goes on when you come back to it.
        </p>
      )}
      {problem !== undefined && <Problem problem={problem} />}
      {model === undefined ? (
        <Title text={problem === undefined ? 'One moment' : 'This cannot be shown'} />
      ) : (
        given.children(model)
      )}
    </main>
  );
};
