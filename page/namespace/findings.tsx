/** Changes of production that nothing explains. */
import type { FindingModel, FindingsModel } from '../../cli/dashboard/models.ts';
import { useLive } from '../live.ts';
import { Age, Badge, Lines, Mark, Title } from '../parts.tsx';
import { Stage } from '../stage.tsx';
import { Signing } from './signing.tsx';

const Finding = ({ finding, namespace }: { readonly finding: FindingModel; readonly namespace: string }) => (
  <li class="card">
    <div class="wide">
      <h2 class="name">
        {finding.object} <Badge tone="bad">{finding.change}</Badge>
        <small>
          {finding.name} · <Age since={finding.since} /> ago
        </small>
      </h2>
      <p>
        <Lines text={finding.message} />
      </p>
      <p class="hint">It closes when production is put back, or when somebody signs that it may stay.</p>
      <Signing
        namespace={namespace}
        name={finding.name}
        signable={finding}
        asks={[
          {
            path: 'finding',
            title: 'Sign that production may stay as it was found',
            verb: 'Sign',
            roles: finding.roles,
          },
        ]}
      >
        <p>
          {finding.change} {finding.object}
        </p>
        <p>{finding.message}</p>
      </Signing>
    </div>
  </li>
);

const Shown = ({ model }: { readonly model: FindingsModel }) => (
  <>
    <Title text={model.findings.length === 0 ? 'No findings' : `${model.findings.length} not explained`} />
    <p>
      <Mark tone={model.isExplained ? 'good' : 'bad'} /> {model.explained}
    </p>
    <ul class="cards">
      {model.findings.map((finding) => (
        <Finding key={finding.name} finding={finding} namespace={model.namespace} />
      ))}
    </ul>
  </>
);

export const Findings = ({ namespace }: { readonly namespace: string }) => (
  <Stage seen={useLive<FindingsModel>('findings', { namespace })}>{(model) => <Shown model={model} />}</Stage>
);
