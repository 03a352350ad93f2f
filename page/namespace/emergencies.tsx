/** Emergency accesses: how long they still last, what was done, and who reviews it. */
import type { EmergenciesModel, EmergencyModel } from '../../cli/dashboard/models.ts';
import { useLive, useNow } from '../live.ts';
import { Badge, Command, Mark, Title } from '../parts.tsx';
import { Stage } from '../stage.tsx';
import { Signing } from './signing.tsx';

const secondMs = 1_000;

const clockOf = (ms: number): string => {
  const seconds = Math.max(0, Math.floor(ms / secondMs));
  const parts = [Math.floor(seconds / 3_600), Math.floor(seconds / 60) % 60, seconds % 60];
  return parts.map((part) => String(part).padStart(2, '0')).join(':');
};

/** Screen readers are told the end, and not every second. */
const Countdown = ({ until }: { readonly until: string }) => {
  const now = useNow(secondMs);
  return (
    <p class="countdown">
      <span role="timer" aria-live="off">
        {clockOf(Date.parse(until) - now)}
      </span>{' '}
      <small>left: it ends at {until}, whatever happens</small>
    </p>
  );
};

const Acts = ({ acts }: Pick<EmergencyModel, 'acts'>) => (
  <details open={acts.length > 0 && acts.length <= 20}>
    <summary>
      {acts.length} {acts.length === 1 ? 'act' : 'acts'} in the record
    </summary>
    <ol class="timeline">
      {acts.map(({ entry, time, says }) => (
        <li key={entry}>
          <span>
            <time dateTime={time}>{time}</time> <small>{entry}</small>
          </span>
          <div>{says}</div>
        </li>
      ))}
    </ol>
  </details>
);

const Left = ({ each }: { readonly each: EmergencyModel }) => (
  <>
    {each.drift.length > 0 && (
      <>
        <h3>Left changed</h3>
        <ul class="plain">
          {each.drift.map(({ object, change, settled }) => (
            <li key={object}>
              <Mark tone={settled === 'Open' ? 'open' : 'good'} /> {change} {object}: {settled}
            </li>
          ))}
        </ul>
      </>
    )}
    {each.sessions.length > 0 && (
      <ul class="plain">
        {each.sessions.map(({ pod, outcome }, at) => (
          <li key={at}>
            session in pod {pod}: {outcome}
          </li>
        ))}
      </ul>
    )}
    {each.followUpDue !== undefined && each.state !== 'Closed' && (
      <p>
        A release that follows up is due by {each.followUpDue}: <code>spec.followsUp: {each.name}</code>
      </p>
    )}
  </>
);

const Emergency = ({ each, namespace }: { readonly each: EmergencyModel; readonly namespace: string }) => (
  <li class="card calm">
    <div class="wide">
      <h2 class="name">
        {each.name} <Badge tone={each.tone}>{each.state}</Badge>
      </h2>
      <p>
        <strong>{each.grantee}</strong>, granted by {each.grantor}. Incident {each.incident}: {each.reason}
      </p>
      {each.state === 'Active' && each.notAfter !== undefined && <Countdown until={each.notAfter} />}
      {each.state === 'Active' && <p class="hint">{each.guarantee}</p>}
      {each.ends !== '' && (
        <p class="hint">
          End it now: <Command line={each.ends} />
        </p>
      )}
      {each.news.map(({ type, message, tone }) => (
        <p key={type}>
          <Mark tone={tone} /> <strong>{type}</strong> {message}
        </p>
      ))}
      <Acts acts={each.acts} />
      <Left each={each} />
      {each.review !== undefined && (
        <Signing
          namespace={namespace}
          name={each.name}
          signable={each.review}
          asks={[
            {
              path: 'review',
              title: 'Sign that you have read what was done',
              verb: 'Review',
              roles: each.review.roles,
            },
          ]}
        >
          <p>
            {each.acts.length} acts of {each.grantee}, {each.drift.length} objects left changed
          </p>
        </Signing>
      )}
    </div>
  </li>
);

const Shown = ({ model }: { readonly model: EmergenciesModel }) => {
  const live = model.emergencies.filter(({ state }) => state === 'Active');
  return (
    <>
      <Title text={live.length === 0 ? 'Nobody has emergency access' : `${live.length} emergency access now`} />
      {model.emergencies.length === 0 && <p class="hint">Nobody ever had access to {model.namespace}.</p>}
      <ul class="cards">
        {model.emergencies.map((each) => (
          <Emergency key={each.name} each={each} namespace={model.namespace} />
        ))}
      </ul>
      <p class="hint">
        Give access: <Command line={`kubectl countersign emergency grant <who> -n ${model.namespace} --duration 2h`} />
      </p>
    </>
  );
};

export const Emergencies = ({ namespace }: { readonly namespace: string }) => (
  <Stage seen={useLive<EmergenciesModel>('emergencies', { namespace })}>{(model) => <Shown model={model} />}</Stage>
);
