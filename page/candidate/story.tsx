/** What was said of a candidate, who signed, what production has of it, and what became of it. */
import type { CandidateModel, OpenModel } from '../../cli/dashboard/models.ts';
import { Mark, Section } from '../parts.tsx';
import { Signature } from '../signature.tsx';

interface Given {
  readonly model: CandidateModel;
}

export const Notes = ({ model }: Given) =>
  model.notes.length === 0 ? null : (
    <Section title="Notes">
      <dl class="notes">
        {model.notes.map(({ title, lines }) => (
          <div key={title}>
            <dt>{title}</dt>
            {lines.map((line, at) => (
              <dd key={at}>{line}</dd>
            ))}
          </div>
        ))}
      </dl>
    </Section>
  );

const whoCan = ({ people }: OpenModel): string => {
  if (people === undefined) return 'who holds the role is seen by those who may list the bindings of production';
  return people.length === 0 ? 'nobody is bound to it who may still sign' : `can be given by ${people.join(', ')}`;
};

export const Signatures = ({ model }: Given) => (
  <Section title="Signatures" says={model.row.approvals}>
    {model.signatures.length === 0 && model.open.length === 0 && <p class="hint">There are none.</p>}
    <ul class="plain">
      {model.signatures.map((each) => (
        <Signature key={each.approval} signature={each} refused="rejected" />
      ))}
      {model.open.map((place) => (
        <li key={place.role}>
          <Mark tone="open" />{' '}
          <strong>
            {place.count} {place.role}
          </strong>{' '}
          missing{place.groups.length > 0 && ` from ${place.groups.join(', ')}`}: {whoCan(place)}
        </li>
      ))}
    </ul>
  </Section>
);

export const Production = ({ model }: Given) => {
  const { health, objects, removed, observeUntil } = model;
  return (
    <Section title="In production" says={model.objectsSay}>
      <p>
        <Mark tone={health.tone} /> <strong>{health.reason}</strong> {health.message}
        {observeUntil !== undefined && !model.row.isOver && <> Watched until {observeUntil}.</>}
      </p>
      <ul class="plain grid">
        {objects.map(({ kind, name, state, tone }) => (
          <li key={`${kind}/${name}`}>
            <Mark tone={tone} /> {kind}/{name} <small>{state}</small>
          </li>
        ))}
        {removed.map(({ kind, name }) => (
          <li key={`${kind}/${name}`}>
            <Mark tone="bad" /> {kind}/{name} <small>deleted by this release</small>
          </li>
        ))}
      </ul>
    </Section>
  );
};

export const Timeline = ({ model }: Given) => (
  <Section title="Timeline">
    <ol class="timeline">
      {model.timeline.map(({ time, what, who, says, tone }, at) => (
        <li key={at}>
          <time dateTime={time}>{time.replace('T', ' ').replace(/(\.\d+)?Z$/, ' UTC')}</time>
          <div>
            <Mark tone={tone} /> <strong>{what}</strong> <small>{who}</small>
            {says !== '' && <p>{says}</p>}
          </div>
        </li>
      ))}
    </ol>
  </Section>
);
