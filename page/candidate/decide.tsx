/** Where somebody signs or rejects: under exactly the digest that they have read. */
import { useState } from 'preact/hooks';
import type { CandidateModel, DeltaModel, SignRequest } from '../../cli/dashboard/models.ts';
import { SignDialog } from '../dialog.tsx';
import { send } from '../live.ts';
import { Command, Mark, Next } from '../parts.tsx';
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

const Dialog = (given: Given & Wanted & { readonly close: (says?: string) => void }) => {
  const { model, reading, decision, roles, close } = given;
  const isReject = decision === 'Reject';
  const { name, namespace } = model.row;
  const sent = (role: string, comment: string) => {
    const body: SignRequest = { namespace, name, uid: reading.uid, digest: reading.digest, role, decision, comment };
    return send('sign', body);
  };
  return (
    <SignDialog
      title={isReject ? 'Reject this release' : 'Sign for exactly this content'}
      roles={roles}
      verb={isReject ? 'Reject' : 'Sign'}
      isFinal={isReject}
      comment={
        isReject
          ? 'What is wrong, so that the author can fix it: a rejection is final'
          : 'Comment, kept with the signature'
      }
      send={sent}
      close={close}
    >
      <Summary {...given} />
    </SignDialog>
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
