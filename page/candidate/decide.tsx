/** Where somebody signs or rejects: under exactly the digest that they have read. */
import { useEffect, useRef, useState } from 'preact/hooks';
import type { CandidateModel, DeltaModel, ProblemModel, SignRequest } from '../../cli/dashboard/models.ts';
import { send } from '../live.ts';
import { Command, Mark, Next, Problem } from '../parts.tsx';
import { classCounts } from './changes.ts';
import type { Reading } from './reading.ts';

interface Given {
  readonly model: CandidateModel;
  readonly reading: Reading;
  readonly delta: DeltaModel | undefined;
}

interface Wanted {
  readonly decision: 'Approve' | 'Reject';
  readonly roles: readonly string[];
}

const Summary = ({ model, reading, delta }: Given) => (
  <dl class="summary">
    <dt>Release</dt>
    <dd>
      {model.row.package} {model.row.version} into {model.row.target}
    </dd>
    <dt>Changes</dt>
    <dd>
      {classCounts(delta?.objects ?? [])
        .map(([name, count]) => `${count} ${name}`)
        .join(', ') || 'none'}
    </dd>
    <dt>Digest</dt>
    <dd>
      <code class="digest">{reading.digest}</code>
    </dd>
    <dt>You are</dt>
    <dd>{model.who}</dd>
  </dl>
);

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

const useSigning = ({ model, reading }: Given, done: (says: string) => void) => {
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<ProblemModel>();
  const sign = async (request: Pick<SignRequest, 'role' | 'decision' | 'comment'>): Promise<void> => {
    setBusy(true);
    setProblem(undefined);
    const { name, namespace } = model.row;
    const body: SignRequest = { namespace, name, uid: reading.uid, digest: reading.digest, ...request };
    const answer = await send('sign', body);
    setBusy(false);
    if ('ok' in answer) done(answer.ok.says);
    else setProblem(answer.problem);
  };
  return { busy, problem, sign };
};

const Dialog = (given: Given & Wanted & { readonly close: (says?: string) => void }) => {
  const { decision, roles, close } = given;
  const dialog = useRef<HTMLDialogElement>(null);
  const [role, choose] = useState(roles[0] ?? '');
  const [comment, setComment] = useState('');
  const { busy, problem, sign } = useSigning(given, close);
  useEffect(() => dialog.current?.showModal(), []);
  const isReject = decision === 'Reject';
  const submit = (event: Event): void => {
    event.preventDefault();
    void sign({ role, decision, comment });
  };
  return (
    <dialog ref={dialog} onClose={() => close()} aria-labelledby="dialog-title">
      <form onSubmit={submit}>
        <h2 id="dialog-title">{isReject ? 'Reject this release' : 'Sign for exactly this content'}</h2>
        <Summary {...given} />
        <RoleChoice roles={roles} role={role} choose={choose} />
        <label>
          {isReject ? 'What is wrong, so that the author can fix it' : 'Comment, which stays with the signature'}
          <textarea
            rows={3}
            value={comment}
            required={isReject}
            onInput={(event) => setComment(event.currentTarget.value)}
          />
        </label>
        {isReject && <p class="hint">A rejection is final for this candidate.</p>}
        {problem !== undefined && <Problem problem={problem} />}
        <div class="buttons">
          <button type="submit" class={isReject ? 'danger' : 'primary'} disabled={busy}>
            {isReject ? `Reject as ${role}` : `Sign as ${role}`}
          </button>
          <button type="button" onClick={() => dialog.current?.close()}>
            Cancel
          </button>
        </div>
      </form>
    </dialog>
  );
};

/** Why there is nothing to sign, in one sentence. */
const whyNot = ({ row, mine, open, digest }: CandidateModel): string => {
  if (row.isOver) return 'This release is over: there is nothing to sign.';
  if (digest === '') return 'Nothing is staged yet, so there is nothing to sign.';
  if (mine.approve.some(({ signed }) => signed !== undefined)) return 'You have signed for this content.';
  if (open.length === 0) return 'Every signature is there.';
  return `You hold none of the roles that this release waits for: ${open.map(roleOf).join(', ')}.`;
};

const roleOf = ({ role }: { readonly role: string }): string => role;

const Refused = ({ model }: { readonly model: CandidateModel }) => (
  <>
    {model.mine.approve.flatMap(({ role, problem }) =>
      problem === undefined
        ? []
        : [
            <div key={role} class="refused">
              <p>{problem.message}</p>
              <Next text={problem.next} />
            </div>,
          ],
    )}
  </>
);

const Said = ({ says }: { readonly says: string }) => (
  <p role="status" class="done">
    <Mark tone="good" /> {says}
  </p>
);

const Asked = ({ reading, roles }: { readonly reading: Reading; readonly roles: readonly string[] }) => (
  <p>
    <strong>This waits for you.</strong> Read what changes below, then sign as {roles.join(' or ')} for{' '}
    <code class="digest">{reading.digest}</code>
  </p>
);

const Buttons = (given: {
  readonly roles: readonly string[];
  readonly reject: readonly string[];
  readonly disabled: boolean;
  readonly want: (wanted: Wanted) => void;
}) => {
  const { roles, reject, disabled, want } = given;
  return (
    <div class="buttons">
      {roles.length > 0 && (
        <button type="button" class="primary" disabled={disabled} onClick={() => want({ decision: 'Approve', roles })}>
          Sign as {roles.join(' or ')}…
        </button>
      )}
      {reject.length > 0 && (
        <button type="button" disabled={disabled} onClick={() => want({ decision: 'Reject', roles: reject })}>
          Reject…
        </button>
      )}
    </div>
  );
};

export const Decide = (given: Given) => {
  const { model, reading } = given;
  const [wanted, want] = useState<Wanted>();
  const [says, setSays] = useState('');
  const roles = model.mine.approve.filter(({ problem, signed }) => (problem ?? signed) === undefined).map(roleOf);
  const hasMoved = reading.uid !== model.uid || reading.digest !== model.digest;
  const { name, namespace } = model.row;
  const close = (said?: string): void => {
    if (said !== undefined) setSays(said);
    want(undefined);
  };
  return (
    <section class={roles.length > 0 ? 'decide yours' : 'decide'} aria-label="Your signature">
      {says !== '' && <Said says={says} />}
      {roles.length > 0 && <Asked reading={reading} roles={roles} />}
      {roles.length === 0 && says === '' && <p>{whyNot(model)}</p>}
      <Refused model={model} />
      <Buttons roles={roles} reject={model.mine.reject} disabled={hasMoved} want={want} />
      {roles.length > 0 && (
        <p class="hint">
          Or type: <Command line={`kubectl countersign approve ${name} -n ${namespace} --role ${roles[0] ?? ''}`} />
        </p>
      )}
      {wanted !== undefined && <Dialog {...given} {...wanted} close={close} />}
    </section>
  );
};
