/** The gates: those that hold the release first, with what to do. */
import type { CandidateModel, GateModel, Tone } from '../../cli/dashboard/models.ts';
import { Badge, Lines, Mark, Next, Section } from '../parts.tsx';

const tones: Readonly<Record<string, Tone>> = { Passed: 'good', Waiting: 'open', Blocked: 'bad', Unknown: 'open' };

const Gate = ({ gate }: { readonly gate: GateModel }) => {
  const tone = tones[gate.outcome] ?? 'open';
  return (
    <li class={`gate ${tone}`}>
      <h3>
        <Mark tone={tone} /> {gate.name} <Badge tone={tone}>{gate.outcome}</Badge>
      </h3>
      <p>
        <Lines text={gate.message} />
      </p>
      <Next text={gate.remedy} />
    </li>
  );
};

export const Gates = ({ model }: { readonly model: CandidateModel }) => {
  const { gates } = model;
  if (gates.length === 0) return null;
  const passed = gates.filter(({ outcome }) => outcome === 'Passed');
  const open = gates.filter(({ outcome }) => outcome !== 'Passed');
  return (
    <Section title="Gates" says={`${passed.length} of ${gates.length} passed`}>
      {open.length > 0 && (
        <ul class="gates">
          {open.map((gate) => (
            <Gate key={gate.name} gate={gate} />
          ))}
        </ul>
      )}
      {passed.length > 0 && (
        <details>
          <summary>{passed.length} passed</summary>
          <ul class="gates">
            {passed.map((gate) => (
              <Gate key={gate.name} gate={gate} />
            ))}
          </ul>
        </details>
      )}
    </Section>
  );
};
