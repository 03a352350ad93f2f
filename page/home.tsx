/** What waits for me, and what is on its way. */
import type { CandidateRow, HomeModel, WaitingModel } from '../cli/dashboard/models.ts';
import { useLive } from './live.ts';
import { Age, Badge, Command, Section, Title } from './parts.tsx';
import { linkTo } from './route.ts';
import { Stage } from './stage.tsx';

const words: Readonly<Record<WaitingModel['what'], string>> = {
  candidate: 'Read and sign',
  evidence: 'Copy the command and report',
  finding: 'Look and sign',
  emergency: 'Read and review',
  exception: 'Read and sign',
  change: 'Read and sign',
};

const tabs = { finding: 'findings', emergency: 'emergencies', exception: 'requests', change: 'requests' } as const;

const placeOf = ({ what, namespace, name }: WaitingModel): string =>
  what === 'candidate' || what === 'evidence'
    ? linkTo('candidate', namespace, name)
    : linkTo('namespace', namespace, tabs[what]);

const Waiting = ({ waiting }: { readonly waiting: WaitingModel }) => (
  <li class="card">
    <div class="wide">
      <h2 class="name">
        <a href={placeOf(waiting)}>{waiting.name}</a>
        <small>
          {waiting.namespace} · waits <Age since={waiting.since} />
        </small>
      </h2>
      <p>{waiting.says}</p>
      <Command line={waiting.command} />
    </div>
    <a class="button" href={placeOf(waiting)}>
      {words[waiting.what]} as {waiting.roles.join(' or ')}
    </a>
  </li>
);

const Row = ({ row }: { readonly row: CandidateRow }) => (
  <li class="row">
    <div>
      <a href={linkTo('candidate', row.namespace, row.name)}>{row.name}</a>
      <small>
        {row.package} {row.version} into <a href={linkTo('namespace', row.target)}>{row.target}</a>
      </small>
    </div>
    <div>
      <Badge tone={row.tone}>{row.phase}</Badge>
      {row.approvals !== '' && <small>{row.approvals} signed</small>}
    </div>
    <div>
      {row.waitsFor !== '' && <span>waits for {row.waitsFor}</span>}
      <small>
        <Age since={row.created} /> old
      </small>
    </div>
  </li>
);

const titleOf = (count: number): string => {
  if (count === 0) return 'Nothing waits for you';
  return count === 1 ? '1 thing waits for you' : `${count} things wait for you`;
};

const Where = ({ model }: { readonly model: HomeModel }) => {
  const { namespaces, complete } = model;
  if (complete) return null;
  return (
    <p class="hint">
      {namespaces.length === 0
        ? 'You may not list namespaces, and your kubeconfig names no production namespace. Start the page with -n: '
        : `You may not list namespaces, so this looks at ${namespaces.join(', ')}. For others: `}
      <Command line="kubectl countersign dashboard -n <namespace>,<namespace>" />
    </p>
  );
};

const Shown = ({ model }: { readonly model: HomeModel }) => {
  const { waiting, candidates } = model;
  const open = candidates.filter(({ isOver }) => !isOver);
  const over = candidates.filter(({ isOver }) => isOver);
  return (
    <>
      <Title text={titleOf(waiting.length)} />
      <Where model={model} />
      {waiting.length > 0 && (
        <ul class="cards">
          {waiting.map((each) => (
            <Waiting key={`${each.namespace}/${each.name}`} waiting={each} />
          ))}
        </ul>
      )}
      <Section title="On its way" says={open.length}>
        {open.length === 0 ? <p class="hint">No release is on its way.</p> : <Rows rows={open} />}
      </Section>
      {over.length > 0 && (
        <Section title="Ended">
          <Rows rows={over} />
        </Section>
      )}
    </>
  );
};

export const Rows = ({ rows }: { readonly rows: readonly CandidateRow[] }) => (
  <ul class="rows">
    {rows.map((row) => (
      <Row key={`${row.namespace}/${row.name}`} row={row} />
    ))}
  </ul>
);

export const Home = () => <Stage seen={useLive<HomeModel>('home', {})}>{(model) => <Shown model={model} />}</Stage>;
