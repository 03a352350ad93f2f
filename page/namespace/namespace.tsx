/** A production namespace, in its tabs. */
import { linkTo } from '../route.ts';
import { Emergencies } from './emergencies.tsx';
import { Findings } from './findings.tsx';
import { Ledger } from './ledger.tsx';
import { Packages } from './packages.tsx';
import { Policy } from './policy.tsx';
import { Requests } from './requests.tsx';

const tabs = {
  packages: ['What runs', Packages],
  emergencies: ['Emergencies', Emergencies],
  findings: ['Findings', Findings],
  requests: ['Requests', Requests],
  ledger: ['Ledger', Ledger],
  policy: ['Policy', Policy],
} as const;
type Tab = keyof typeof tabs;

const isTab = (text: string): text is Tab => Object.hasOwn(tabs, text);

export const Namespace = ({ namespace, tab }: { readonly namespace: string; readonly tab: string }) => {
  const current: Tab = isTab(tab) ? tab : 'packages';
  const [, View] = tabs[current];
  return (
    <>
      <nav class="tabs" aria-label={`Namespace ${namespace}`}>
        <strong>{namespace}</strong>
        {Object.entries(tabs).map(([name, [title]]) => (
          <a
            key={name}
            href={linkTo('namespace', namespace, name)}
            aria-current={name === current ? 'page' : undefined}
          >
            {title}
          </a>
        ))}
      </nav>
      <View namespace={namespace} />
    </>
  );
};
