/** One candidate: what it is, what it waits for, what it changes, and a place to sign. */
import { useEffect, useState } from 'preact/hooks';
import type { CandidateModel, DeltaModel, ProblemModel } from '../../cli/dashboard/models.ts';
import { read, useLive } from '../live.ts';
import { Age, Badge, Command, Lines, Mark, Problem, Section, Title } from '../parts.tsx';
import { linkTo } from '../route.ts';
import { Stage } from '../stage.tsx';
import { Decide } from './decide.tsx';
import { Delta } from './delta.tsx';
import { Gates } from './gates.tsx';
import { readingOf, type Reading } from './reading.ts';
import { Notes, Production, Signatures, Timeline } from './story.tsx';

type Delivered = { readonly delta?: DeltaModel; readonly problem?: ProblemModel };

const useDelta = (namespace: string, bundle: string): Delivered => {
  const [delivered, setDelivered] = useState<Delivered>({});
  useEffect(() => {
    let isWanted = true;
    setDelivered({});
    if (bundle === '') return undefined;
    void read<DeltaModel>('delta', { namespace, bundle }).then((answer) => {
      if (isWanted) setDelivered('ok' in answer ? { delta: answer.ok } : answer);
      return undefined;
    });
    return () => {
      isWanted = false;
    };
  }, [namespace, bundle]);
  return delivered;
};

const Heading = ({ model }: { readonly model: CandidateModel }) => {
  const { row, author, urgency, incident, change, waitingSince } = model;
  return (
    <header class="heading">
      <Title text={`${row.package} ${row.version}`} />
      <p class="facts">
        <Badge tone={row.tone}>{row.phase}</Badge>
        <span>
          {row.namespace} → <a href={linkTo('namespace', row.target)}>{row.target}</a>
        </span>
        <span>candidate {row.name}</span>
        <span>by {author}</span>
        <span>
          <Age since={row.created} /> old
        </span>
        {urgency === 'Expedited' && <Badge tone="bad">Expedited: {incident}</Badge>}
        {change !== '' && <span>change {change}</span>}
      </p>
      {row.summary !== '' && <p class="lead">{row.summary}</p>}
      {row.waitsFor !== '' && (
        <p>
          <Mark tone="open" /> Waits for {row.waitsFor}
          {row.phase === 'AwaitingGates' && waitingSince !== undefined && (
            <>
              {' '}
              for <Age since={waitingSince} />
            </>
          )}
        </p>
      )}
    </header>
  );
};

const News = ({ model }: { readonly model: CandidateModel }) => (
  <>
    {model.news.map(({ type, reason, message, tone }) => (
      <div key={type} class={`news ${tone}`}>
        <Mark tone={tone} />{' '}
        <strong>
          {type}: {reason}
        </strong>{' '}
        <Lines text={message} />
      </div>
    ))}
  </>
);

const Moved = ({ model, again }: { readonly model: CandidateModel; readonly again: () => void }) => (
  <div class="problem" role="alert">
    <p>
      <Mark tone="bad" /> <strong>The content changed while you read it.</strong> A signature for what is shown here
      would not count, so it cannot be given. It is <code>{model.digest === '' ? 'not staged' : model.digest}</code>{' '}
      now.
    </p>
    <button type="button" onClick={again}>
      Read what it is now
    </button>
  </div>
);

const Content = ({ model, reading }: { readonly model: CandidateModel; readonly reading: Reading }) => {
  const { delta, problem } = useDelta(model.row.target, reading.bundle);
  const { name, namespace, target } = model.row;
  // Those who can sign read what changes; others ask what it waits for. The page does not jump when they have signed.
  const [signs] = useState(() => model.mine.approve.some(({ problem, signed }) => (problem ?? signed) === undefined));
  return (
    <>
      <Decide model={model} reading={reading} delta={delta} />
      {!signs && <Gates model={model} />}
      <Notes model={model} />
      <Section title="What changes">
        {reading.bundle === '' && <p class="hint">Nothing is staged yet, so there is nothing to read.</p>}
        {problem !== undefined && <Problem problem={problem} />}
        {delta !== undefined && <Delta key={delta.bundle} delta={delta} namespace={target} />}
      </Section>
      {signs && <Gates model={model} />}
      <Signatures model={model} />
      <Production model={model} />
      <Timeline model={model} />
      <p class="hint">
        The same in a terminal: <Command line={`kubectl countersign get ${name} -n ${namespace}`} />
      </p>
    </>
  );
};

const Shown = ({ model }: { readonly model: CandidateModel }) => {
  const [reading, setReading] = useState<Reading>();
  const now = readingOf(model);
  useEffect(() => {
    if (reading === undefined || reading.digest === '') setReading(now);
  }, [now.digest, now.bundle, now.uid]);
  const shown = reading === undefined || reading.digest === '' ? now : reading;
  const hasMoved = shown.uid !== now.uid || (shown.digest !== now.digest && !model.row.isOver);
  return (
    <>
      <Heading model={model} />
      <News model={model} />
      {hasMoved && <Moved model={model} again={() => setReading(now)} />}
      <Content model={model} reading={shown} />
    </>
  );
};

export const Candidate = (place: { readonly namespace: string; readonly name: string }) => (
  <Stage seen={useLive<CandidateModel>('candidate', { namespace: place.namespace, name: place.name })}>
    {(model) => <Shown model={model} />}
  </Stage>
);
