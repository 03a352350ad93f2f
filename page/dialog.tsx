/** The dialog in which somebody signs: what is signed stands in it, and it says why nothing was signed. */
import type { ComponentChildren } from 'preact';
import { useEffect, useRef, useState } from 'preact/hooks';
import type { Done, ProblemModel } from '../cli/dashboard/models.ts';
import type { Answer } from './live.ts';
import { Problem } from './parts.tsx';

export interface Asked {
  readonly title: string;
  /** What is signed. */
  readonly children: ComponentChildren;
  readonly roles: readonly string[];
  /** What the button does, such as `Sign`. */
  readonly verb: string;
  readonly isFinal?: boolean;
  readonly comment: string;
  readonly send: (role: string, comment: string) => Promise<Answer<Done>>;
  /** With what was done; without, nothing was. */
  readonly close: (says?: string) => void;
}

const RoleChoice = (given: {
  readonly roles: readonly string[];
  readonly role: string;
  readonly choose: (role: string) => void;
}) =>
  given.roles.length === 1 ? (
    <p>
      In role <strong>{given.role}</strong>
    </p>
  ) : (
    <label>
      In role
      <select value={given.role} onChange={(event) => given.choose(event.currentTarget.value)}>
        {given.roles.map((each) => (
          <option key={each}>{each}</option>
        ))}
      </select>
    </label>
  );

const useSending = ({ send, close }: Asked) => {
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<ProblemModel>();
  const sign = async (role: string, comment: string): Promise<void> => {
    setBusy(true);
    setProblem(undefined);
    const answer = await send(role, comment);
    setBusy(false);
    if ('ok' in answer) close(answer.ok.says);
    else setProblem(answer.problem);
  };
  return { busy, problem, sign };
};

export const SignDialog = (asked: Asked) => {
  const { title, roles, verb, isFinal = false, close } = asked;
  const dialog = useRef<HTMLDialogElement>(null);
  const [role, choose] = useState(roles[0] ?? '');
  const [comment, setComment] = useState('');
  const { busy, problem, sign } = useSending(asked);
  useEffect(() => dialog.current?.showModal(), []);
  const submit = (event: Event): void => {
    event.preventDefault();
    void sign(role, comment);
  };
  return (
    <dialog ref={dialog} onClose={() => close()} aria-labelledby="dialog-title">
      <form onSubmit={submit}>
        <h2 id="dialog-title">{title}</h2>
        {asked.children}
        <RoleChoice roles={roles} role={role} choose={choose} />
        <label>
          {asked.comment}
          <textarea
            rows={3}
            value={comment}
            required={isFinal}
            onInput={(event) => setComment(event.currentTarget.value)}
          />
        </label>
        {problem !== undefined && <Problem problem={problem} />}
        <div class="buttons">
          <button type="submit" class={isFinal ? 'danger' : 'primary'} disabled={busy}>
            {verb} as {role}
          </button>
          <button type="button" onClick={() => dialog.current?.close()}>
            Cancel
          </button>
        </div>
      </form>
    </dialog>
  );
};
