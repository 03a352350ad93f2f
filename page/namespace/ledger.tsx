/** The record: verified, filtered, newest first. */
import { useState } from 'preact/hooks';
import type { EntryModel, LedgerModel } from '../../cli/dashboard/models.ts';
import { useLive } from '../live.ts';
import { Mark, Title } from '../parts.tsx';
import { Stage } from '../stage.tsx';

const Entry = ({ entry }: { readonly entry: EntryModel }) => (
  <li class="entry">
    <div>
      <code>{entry.name}</code>
      <time dateTime={entry.time}>{entry.time}</time>
    </div>
    <div>
      <strong>{entry.type}</strong> {entry.subject}
      <small>
        {' '}
        by {entry.who}
        {entry.package !== '' && ` · ${entry.package}`}
      </small>
      {entry.says !== '' && <p>{entry.says}</p>}
      {entry.acts.length > 0 && (
        <ul class="plain">
          {entry.acts.map((act, at) => (
            <li key={at}>{act}</li>
          ))}
        </ul>
      )}
      <details>
        <summary>Digest and hash</summary>
        <p>
          digest <code class="digest">{entry.digest === '' ? 'none' : entry.digest}</code>
        </p>
        <p>
          hash <code class="digest">{entry.hash}</code>
        </p>
      </details>
    </div>
  </li>
);

const Verified = ({ model }: { readonly model: LedgerModel }) => (
  <div class={`news ${model.wrong === '' ? 'good' : 'bad'}`} role="status">
    <p>
      <Mark tone={model.wrong === '' ? 'good' : 'bad'} />{' '}
      {model.wrong === '' ? (
        <strong>{model.count} entries, one whole chain.</strong>
      ) : (
        <strong>The chain is broken: {model.wrong}</strong>
      )}{' '}
      Computed here, from the entries alone. Note the head to tell later that nothing was cut off:
    </p>
    <p>
      <code class="digest">{model.head}</code>
    </p>
    {model.planted.map((why) => (
      <p key={why}>{why}</p>
    ))}
  </div>
);

interface Sought {
  readonly type: string;
  readonly text: string;
}

const Filter = (given: {
  readonly types: readonly string[];
  readonly sought: Sought;
  readonly seek: (sought: Sought) => void;
}) => {
  const [text, setText] = useState(given.sought.text);
  const submit = (event: Event): void => {
    event.preventDefault();
    given.seek({ ...given.sought, text });
  };
  return (
    <form class="filters" onSubmit={submit} role="search">
      <label>
        Search
        <input type="search" value={text} onInput={(event) => setText(event.currentTarget.value)} />
      </label>
      <label>
        Type
        <select value={given.sought.type} onChange={(event) => given.seek({ text, type: event.currentTarget.value })}>
          <option value="">All</option>
          {given.types.map((type) => (
            <option key={type}>{type}</option>
          ))}
        </select>
      </label>
      <button type="submit">Search</button>
    </form>
  );
};

const Shown = (given: {
  readonly model: LedgerModel;
  readonly sought: Sought;
  readonly seek: (sought: Sought) => void;
}) => {
  const { model } = given;
  return (
    <>
      <Title text={`Ledger of ${model.namespace}`} />
      <Verified model={model} />
      <Filter types={model.types} sought={given.sought} seek={given.seek} />
      <p role="status" class="hint">
        {model.entries.length === model.matching
          ? `${model.matching} of ${model.count} entries`
          : `The newest ${model.entries.length} of ${model.matching} that match`}
      </p>
      <ol class="entries">
        {model.entries.map((entry) => (
          <Entry key={entry.name} entry={entry} />
        ))}
      </ol>
    </>
  );
};

export const Ledger = ({ namespace }: { readonly namespace: string }) => {
  const [sought, seek] = useState<Sought>({ type: '', text: '' });
  return (
    <Stage seen={useLive<LedgerModel>('ledger', { namespace, ...sought })}>
      {(model) => <Shown model={model} sought={sought} seek={seek} />}
    </Stage>
  );
};
