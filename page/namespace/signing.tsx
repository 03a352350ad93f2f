/** The button and dialog by which a finding or a review is signed. */
import type { ComponentChildren } from 'preact';
import { useRef, useState } from 'preact/hooks';
import type { ReadRequest, SignableModel } from '../../cli/dashboard/models.ts';
import { SignDialog } from '../dialog.tsx';
import { send } from '../live.ts';
import { Mark, Next } from '../parts.tsx';

interface Given {
  readonly namespace: string;
  readonly name: string;
  readonly signable: SignableModel;
  /** What is asked: the path, the title and the verb. */
  readonly ask: { readonly path: 'review' | 'finding'; readonly title: string; readonly verb: string };
  readonly children: ComponentChildren;
}

const Refused = ({ problem }: Pick<SignableModel, 'problem'>) =>
  problem === undefined ? null : (
    <div class="refused">
      <p>{problem.message}</p>
      <Next text={problem.next} />
    </div>
  );

export const Signing = ({ namespace, name, signable, ask, children }: Given) => {
  const [isOpen, open] = useState(false);
  const [says, setSays] = useState('');
  // What was read is what is sent, also when it moves while the dialog is open.
  const read = useRef(signable.digest);
  if (!isOpen) read.current = signable.digest;
  const sent = (role: string, comment: string) => {
    const body: ReadRequest = { namespace, name, digest: read.current, role, comment };
    return send(ask.path, body);
  };
  const close = (said?: string): void => {
    if (said !== undefined) setSays(said);
    open(false);
  };
  const { roles, problem } = signable;
  return (
    <>
      {says !== '' && (
        <p role="status">
          <Mark tone="good" /> {says}
        </p>
      )}
      <Refused problem={problem} />
      {roles.length > 0 && says === '' && (
        <button type="button" class="primary" onClick={() => open(true)}>
          {ask.verb} as {roles.join(' or ')}…
        </button>
      )}
      {isOpen && (
        <SignDialog
          title={ask.title}
          roles={roles}
          verb={ask.verb}
          comment="Comment, kept with the signature"
          send={sent}
          close={close}
        >
          {children}
          <p>
            Digest <code class="digest">{read.current}</code>
          </p>
        </SignDialog>
      )}
    </>
  );
};
