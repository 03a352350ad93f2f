/** What people ask for and others sign for: that releases pass a gate for a time, and that the policy becomes another one. */
import type { FieldModel, RequestModel, RequestsModel } from '../../cli/dashboard/models.ts';
import { useLive } from '../live.ts';
import { Age, Badge, Command, Lines, Mark, Section, Title } from '../parts.tsx';
import { Signature } from '../signature.tsx';
import { Stage } from '../stage.tsx';
import { Values } from '../values.tsx';
import { Signing } from './signing.tsx';

/** What asks for less is read first. */
const risks: Readonly<Record<FieldModel['is'], string>> = {
  looser: 'high',
  other: 'middle',
  tighter: 'low',
  equal: 'low',
};

const Field = ({ each }: { readonly each: FieldModel }) => (
  <li class={`change ${risks[each.is]}`}>
    <span class="class">{each.is}</span>
    <div class="what">
      <strong>{each.field}</strong> <small>{each.why}</small>
      {each.values.map(({ path, from, to }) => (
        <div key={path}>
          <code class="path">{path}</code>
          <Values from={from} to={to} />
        </div>
      ))}
    </div>
  </li>
);

const Difference = ({ fields }: { readonly fields: readonly FieldModel[] }) => (
  <ul class="fields">
    {fields.map((each) => (
      <Field key={each.field} each={each} />
    ))}
  </ul>
);

const Exception = ({ each }: { readonly each: NonNullable<RequestModel['exception']> }) => (
  <dl class="summary">
    <dt>May pass</dt>
    <dd>{each.gates.join(', ')}</dd>
    <dt>Releases</dt>
    <dd>{each.candidate === '' ? `every one of ${each.package}` : `${each.candidate} of ${each.package}`}</dd>
    <dt>Risk</dt>
    <dd>{each.risk}</dd>
    <dt>Until</dt>
    <dd>
      <time dateTime={each.until}>{each.until}</time>
    </dd>
  </dl>
);

/** What is signed. */
const Asked = ({ each }: { readonly each: RequestModel }) => (
  <>
    <p>
      <strong>{each.by}</strong> asks: {each.reason}
    </p>
    {each.exception !== undefined && <Exception each={each.exception} />}
    {each.difference.length > 0 && <Difference fields={each.difference} />}
  </>
);

const titles = {
  exception: { name: 'exception', sign: 'Sign that releases may pass these gates', refuse: 'Refuse this exception' },
  change: { name: 'change of the policy', sign: 'Sign that the policy becomes this', refuse: 'Refuse this change' },
} as const;

const asksOf = ({ what, roles, refuse }: RequestModel) =>
  [
    { path: 'request', title: titles[what].sign, verb: 'Sign', roles, says: { what, decision: 'Approve' } },
    {
      path: 'request',
      title: titles[what].refuse,
      verb: 'Refuse',
      roles: refuse,
      isFinal: true,
      comment: 'Why not, so that the person who asked can do something about it: a refusal is final',
      says: { what, decision: 'Reject' },
    },
  ] as const;

const Request = ({ each, namespace }: { readonly each: RequestModel; readonly namespace: string }) => (
  <li class={each.roles.length > 0 ? 'card' : 'card calm'}>
    <div class="wide">
      <h3 class="name">
        {each.name} <Badge tone={each.tone}>{each.state}</Badge>
        <small>
          {titles[each.what].name} · <Age since={each.created} /> old
          {each.approvals !== '' && ` · ${each.approvals} signed`}
        </small>
      </h3>
      <Asked each={each} />
      <p>
        <Mark tone={each.tone} /> <Lines text={each.message} />
      </p>
      <ul class="plain">
        {each.signatures.map((signature) => (
          <Signature key={signature.approval} signature={signature} refused="refused" />
        ))}
      </ul>
      <Signing namespace={namespace} name={each.name} signable={each} asks={asksOf(each)}>
        <Asked each={each} />
      </Signing>
      <p class="hint">
        In a terminal: <Command line={each.command} />
      </p>
    </div>
  </li>
);

const Cards = ({ all, namespace }: { readonly all: readonly RequestModel[]; readonly namespace: string }) => (
  <ul class="cards">
    {all.map((each) => (
      <Request key={`${each.what}/${each.name}`} each={each} namespace={namespace} />
    ))}
  </ul>
);

const titleOf = (open: number): string => {
  if (open === 0) return 'No open requests';
  return open === 1 ? '1 open request' : `${open} open requests`;
};

const Shown = ({ model }: { readonly model: RequestsModel }) => {
  const { namespace, requests, more } = model;
  const open = requests.filter(({ isOver }) => !isOver);
  const ended = requests.filter(({ isOver }) => isOver);
  return (
    <>
      <Title text={titleOf(open.length)} />
      <p class="hint">
        Exceptions let releases pass gates for a time; changes make the policy another one. Both take others than who
        asks.
      </p>
      <Section title="Open" says={open.length}>
        {open.length === 0 ? (
          <p class="hint">Nobody asks for anything in {namespace}.</p>
        ) : (
          <Cards all={open} namespace={namespace} />
        )}
      </Section>
      {ended.length > 0 && (
        <Section title="Ended" says={ended.length + more}>
          <Cards all={ended} namespace={namespace} />
          {more > 0 && (
            <p class="hint">
              {more} more have ended: <Command line={`kubectl get polex,polchg -n ${namespace}`} />
            </p>
          )}
        </Section>
      )}
    </>
  );
};

export const Requests = ({ namespace }: { readonly namespace: string }) => (
  <Stage seen={useLive<RequestsModel>('requests', { namespace })}>{(model) => <Shown model={model} />}</Stage>
);
