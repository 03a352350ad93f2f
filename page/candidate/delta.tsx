/** What a release changes: by object, riskiest first, filtered by class and searched. */
import { useMemo, useState } from 'preact/hooks';
import type { ChangedObject, ChangeModel, DeltaModel, WholeModel, ProblemModel } from '../../cli/dashboard/models.ts';
import { read } from '../live.ts';
import { Problem } from '../parts.tsx';
import { Values } from '../values.tsx';
import { classCounts, countOf, filtered } from './changes.ts';

/** Classes that can hurt most stand out, as in the terminal. */
const risky = new Set(['data loss', 'rights', 'identity', 'removed']);
const notable = new Set(['image', 'command', 'network', 'storage']);

const riskOf = (name: string): string => (risky.has(name) ? 'high' : notable.has(name) ? 'middle' : 'low');

const lineKind = (line: string): string => (line.startsWith('+') ? 'plus' : line.startsWith('-') ? 'minus' : '');

const Change = ({ change }: { readonly change: ChangeModel }) => (
  <li class={`change ${riskOf(change.class)}`}>
    <span class="class">{change.class}</span>
    <div class="what">
      <code class="path">{change.path}</code>
      <Values from={change.from} to={change.to} />
      {change.lines.length > 0 && (
        <pre class="block">
          {change.lines.map((line, at) => (
            <span key={at} class={lineKind(line)}>
              {line}
              {'\n'}
            </span>
          ))}
        </pre>
      )}
    </div>
  </li>
);

const Whole = (given: { readonly namespace: string; readonly bundle: string; readonly object: string }) => {
  const [whole, setWhole] = useState<WholeModel>();
  const [problem, setProblem] = useState<ProblemModel>();
  const ask = (open: boolean): void => {
    if (!open || whole !== undefined) return;
    void read<WholeModel>('whole', { ...given }).then((answer) => {
      if ('ok' in answer) setWhole(answer.ok);
      else setProblem(answer.problem);
      return undefined;
    });
  };
  return (
    <details class="whole" onToggle={(event) => ask(event.currentTarget.open)}>
      <summary>The whole object</summary>
      {problem !== undefined && <Problem problem={problem} />}
      {whole !== undefined && (
        <>
          <p class="hint">Checked against its digest; compared with {whole.against}</p>
          <pre class="block" tabIndex={0} aria-label={`${whole.object}, whole`}>
            {whole.lines.map((line, at) => (
              <span key={at} class={lineKind(line)}>
                {line}
                {'\n'}
              </span>
            ))}
          </pre>
        </>
      )}
    </details>
  );
};

const Changed = (given: { readonly object: ChangedObject; readonly namespace: string; readonly bundle: string }) => {
  const { title, changes, remarks } = given.object;
  return (
    <li class="object">
      <h3>
        {title}
        <small>{changes.length}</small>
      </h3>
      <ul>
        {changes.map((change, at) => (
          <Change key={at} change={change} />
        ))}
      </ul>
      {remarks.map((remark) => (
        <p key={remark} class="hint">
          {remark}
        </p>
      ))}
      <Whole namespace={given.namespace} bundle={given.bundle} object={title} />
    </li>
  );
};

const toggled = (set: ReadonlySet<string>, name: string): ReadonlySet<string> => {
  const next = new Set(set);
  if (!next.delete(name)) next.add(name);
  return next;
};

const Filters = (given: {
  readonly delta: DeltaModel;
  readonly classes: ReadonlySet<string>;
  readonly query: string;
  readonly choose: (classes: ReadonlySet<string>) => void;
  readonly search: (query: string) => void;
}) => (
  <div class="filters">
    <label>
      Search
      <input type="search" value={given.query} onInput={(event) => given.search(event.currentTarget.value)} />
    </label>
    <div role="group" aria-label="Classes" class="chips">
      {classCounts(given.delta.objects).map(([name, count]) => (
        <button
          key={name}
          type="button"
          class={`chip ${riskOf(name)}`}
          aria-pressed={given.classes.has(name)}
          onClick={() => given.choose(toggled(given.classes, name))}
        >
          {name} <b>{count}</b>
        </button>
      ))}
    </div>
  </div>
);

export const Delta = ({ delta, namespace }: { readonly delta: DeltaModel; readonly namespace: string }) => {
  const [classes, choose] = useState<ReadonlySet<string>>(new Set());
  const [query, search] = useState('');
  const shown = useMemo(() => filtered(delta.objects, { classes, query }), [delta, classes, query]);
  const [all, some] = [countOf(delta.objects), countOf(shown)];
  return (
    <>
      <pre class="block top-of-delta">{delta.top.join('\n').trim()}</pre>
      <Filters delta={delta} classes={classes} query={query} choose={choose} search={search} />
      <p role="status" class="hint">
        {some === all
          ? `All ${all} changes of ${delta.objects.length} objects are shown`
          : `${some} of ${all} changes are shown`}
      </p>
      <ul class="objects">
        {shown.map((object) => (
          <Changed key={object.title} object={object} namespace={namespace} bundle={delta.bundle} />
        ))}
      </ul>
      <details class="whole">
        <summary>As text, as the terminal shows it</summary>
        <pre class="block" tabIndex={0} aria-label="The delta as text">
          {delta.text}
        </pre>
      </details>
    </>
  );
};
