/** Who has signed, and what they said. */
import type { SignatureModel } from '../cli/dashboard/models.ts';
import { Age, Badge, Mark } from './parts.tsx';

/** `refused`: what somebody did who was against it. */
export const Signature = ({ signature, refused }: { readonly signature: SignatureModel; readonly refused: string }) => {
  const { username, role, decision, tone, because, since, comment } = signature;
  return (
    <li>
      <Mark tone={tone} /> <strong>{username}</strong> {decision === 'Reject' ? refused : 'signed'} as {role}{' '}
      <small>
        <Age since={since} /> ago
      </small>
      {because !== '' && <Badge tone="open">not counted: {because}</Badge>}
      {comment !== '' && <q>{comment}</q>}
    </li>
  );
};
