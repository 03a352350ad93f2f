/** The buttons and the dialog by which a finding, a review or a request is signed, and a request is refused. */
import type { ComponentChildren } from 'preact';
import { useRef, useState } from 'preact/hooks';
import type { DecideRequest, ReadRequest, SignableModel } from '../../cli/dashboard/models.ts';
import { SignDialog } from '../dialog.tsx';
import { send } from '../live.ts';
import { Mark, Next } from '../parts.tsx';

/** What can be done with it, in these roles. */
interface Ask {
  readonly path: 'review' | 'finding' | 'request';
  readonly title: string;
  readonly verb: string;
  readonly roles: readonly string[];
  /** Ends it for good, and needs a comment. */
  readonly isFinal?: boolean;
  /** What is asked of the comment, if it is not just kept. */
  readonly comment?: string;
  /** What is sent besides what was read. */
  readonly says?: Pick<DecideRequest, 'what' | 'decision'>;
}

interface Given {
  readonly namespace: string;
  readonly name: string;
  readonly signable: SignableModel;
  readonly asks: readonly Ask[];
  /** What is signed. */
  readonly children: ComponentChildren;
}

const Refused = ({ problem }: Pick<SignableModel, 'problem'>) =>
  problem === undefined ? null : (
    <div class="refused">
      <p>{problem.message}</p>
      <Next text={problem.next} />
    </div>
  );

const Buttons = ({ asks, open }: { readonly asks: readonly Ask[]; readonly open: (ask: Ask) => void }) => (
  <div class="buttons">
    {asks.map((ask) => (
      <button key={ask.verb} type="button" class={ask.isFinal === true ? '' : 'primary'} onClick={() => open(ask)}>
        {ask.isFinal === true ? ask.verb : `${ask.verb} as ${ask.roles.join(' or ')}`}…
      </button>
    ))}
  </div>
);

export const Signing = ({ namespace, name, signable, asks, children }: Given) => {
  const [asked, open] = useState<Ask>();
  const [said, say] = useState({ text: '', digest: '' });
  // What was read is what is shown and sent, also when it moves while the dialog is open.
  const read = useRef({ digest: signable.digest, children });
  if (asked === undefined) read.current = { digest: signable.digest, children };
  const { digest } = read.current;
  const close = (text?: string): void => {
    if (text !== undefined) say({ text, digest });
    open(undefined);
  };
  const isSigned = said.digest === signable.digest;
  const possible = asks.filter(({ roles, isFinal = false }) => roles.length > 0 && (isFinal || !isSigned));
  return (
    <>
      {said.text !== '' && (
        <p role="status">
          <Mark tone="good" /> {said.text}
        </p>
      )}
      {!isSigned && <Refused problem={signable.problem} />}
      {possible.length > 0 && <Buttons asks={possible} open={open} />}
      {asked !== undefined && (
        <SignDialog
          title={asked.title}
          roles={asked.roles}
          verb={asked.verb}
          isFinal={asked.isFinal === true}
          comment={asked.comment ?? 'Comment, kept with the signature'}
          send={(role, comment) => {
            const body: ReadRequest = { namespace, name, digest, role, comment };
            return send(asked.path, { ...body, ...asked.says });
          }}
          close={close}
        >
          {read.current.children}
          <p>
            Digest <code class="digest">{digest}</code>
          </p>
        </SignDialog>
      )}
    </>
  );
};
