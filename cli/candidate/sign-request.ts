/** Signing for an exception or another policy in the terminal: what is signed is shown, and asked about once. */
import type { Session } from '../session.ts';
import { productionOf } from './find.ts';
import { askedIn, showRequest, type Asked, type Request } from './request.ts';
import { requestRead, roleForRequest } from './request-signing.ts';

/** Whoever types a command, in the production namespace that they mean. */
export const askedHere = async (session: Session): Promise<Awaited<ReturnType<typeof askedIn>>> =>
  askedIn(await session.cluster(), await productionOf(session), session.now());

/** `show` prints what is signed; `that` is what a signature says of it. */
export const signRequest = async (
  session: Session,
  asked: Asked,
  request: Request,
  { show, that }: { readonly show: () => void; readonly that: string },
): Promise<void> => {
  const decision = session.flag('refuse') ? 'Reject' : 'Approve';
  const comment = session.text('comment') ?? '';
  const role = await roleForRequest(asked, request, { decision, comment, role: session.text('role') });
  show();
  await session.agreed(
    decision === 'Reject' ? `Refuse it as ${role}, which is final?` : `Sign as ${role} that ${that}?`,
  );
  const { what, digest, metadata } = request;
  const read = { what, digest, name: metadata.name, namespace: metadata.namespace, role, decision, comment } as const;
  session.out.line(await requestRead(asked.cluster, read, session.now()));
  session.out.line('  → ', showRequest(request));
};
