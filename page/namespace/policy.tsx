/** A policy as a page that people read. */
import type { PolicyModel } from '../../cli/dashboard/models.ts';
import { useLive } from '../live.ts';
import { Command, Mark, Section, Title } from '../parts.tsx';
import { Stage } from '../stage.tsx';

const Shown = ({ model }: { readonly model: PolicyModel }) => (
  <>
    <Title text={`What ${model.namespace} asks of a release`} />
    {model.ready !== undefined && (
      <p>
        <Mark tone={model.ready.tone} /> {model.ready.message}
      </p>
    )}
    {model.rules
      .filter(({ says }) => says.length > 0)
      .map(({ title, says }) => (
        <Section key={title} title={title}>
          <ul class="rules">
            {says.map((line, at) => (
              <li key={at}>{line}</li>
            ))}
          </ul>
        </Section>
      ))}
    <p class="hint">
      Word by word: <Command line={`kubectl get relpol production -n ${model.namespace} -o yaml`} />
    </p>
  </>
);

export const Policy = ({ namespace }: { readonly namespace: string }) => (
  <Stage seen={useLive<PolicyModel>('policy', { namespace })}>{(model) => <Shown model={model} />}</Stage>
);
