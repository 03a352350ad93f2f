/** What production runs, since when, and who signed for it. */
import type { PackageModel, PackagesModel } from '../../cli/dashboard/models.ts';
import { Rows } from '../home.tsx';
import { useLive } from '../live.ts';
import { Age, Badge, Command, Mark, Section, Title } from '../parts.tsx';
import { linkTo } from '../route.ts';
import { Stage } from '../stage.tsx';

const Signers = ({ each }: { readonly each: PackageModel }) => {
  if (each.baseline) return <>it was there before the first release, and nobody signed for it</>;
  if (each.signedBy.length === 0) return <>the record has no promotion of it</>;
  return <>signed by {each.signedBy.map(({ who }) => who).join(', ')}</>;
};

const Package = ({ each }: { readonly each: PackageModel }) => (
  <li class="card calm">
    <div class="wide">
      <h2 class="name">
        {each.package} {each.version} {each.baseline && <Badge tone="plain">baseline</Badge>}
      </h2>
      <p>
        Runs <Age since={each.since} />, since {each.since}; <Signers each={each} />
        {each.authors.length > 0 && <>; changed by {each.authors.join(', ')}</>}.
      </p>
      <p>
        <code class="digest">{each.digest}</code>
      </p>
      {each.candidate !== undefined && (
        <p>
          Released by candidate{' '}
          <a href={linkTo('candidate', each.candidate.namespace, each.candidate.name)}>{each.candidate.name}</a>
        </p>
      )}
    </div>
  </li>
);

const Shown = ({ model }: { readonly model: PackagesModel }) => (
  <>
    <Title text={`What runs in ${model.namespace}`} />
    {model.wrong !== '' && (
      <div class="news bad" role="status">
        <Mark tone="bad" /> <strong>The record does not verify, so nobody knows who signed: {model.wrong}</strong>
      </div>
    )}
    {model.packages.length === 0 && <p class="hint">Nothing was released here yet.</p>}
    <ul class="cards">
      {model.packages.map((each) => (
        <Package key={each.package} each={each} />
      ))}
    </ul>
    <Section title="On its way here" says={model.candidates.length}>
      {model.candidates.length === 0 ? <p class="hint">No release is on its way.</p> : <Rows rows={model.candidates} />}
    </Section>
    <p class="hint">
      Back to the release before: <Command line={`kubectl countersign rollback <package> -n ${model.namespace}`} />
    </p>
  </>
);

export const Packages = ({ namespace }: { readonly namespace: string }) => (
  <Stage seen={useLive<PackagesModel>('packages', { namespace })}>{(model) => <Shown model={model} />}</Stage>
);
