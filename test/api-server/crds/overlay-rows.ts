/** Rules about overlays, which candidates and policies share. */
import type { RuleRow } from './manifests.ts';

type Item = Readonly<Record<string, unknown>>;

const operation = { op: 'replace', path: '/spec/replicas', value: 6 };

const rowsFor = (kind: 'ReleasePolicy' | 'ReleaseCandidate', of: Item): readonly RuleRow[] => {
  const overlay = (item: Item) => ({ spec: { overlay: [{ ...of, kind: 'Deployment', name: 'api', ...item }] } });
  const patch = { spec: { replicas: 6 } };
  return [
    {
      kind,
      at: 'spec.overlay[]',
      says: 'different groups',
      bad: overlay({ patch, group: 'batch', apiVersion: 'apps/v1' }),
      twin: overlay({ patch, group: 'apps', apiVersion: 'apps/v1' }),
    },
    { kind, at: 'spec.overlay[]', says: 'exactly once', bad: overlay({}), twin: overlay({ patch }) },
    { kind, at: 'spec.overlay[]', says: 'exactly once', bad: overlay({ patch, jsonPatch: [operation] }), twin: overlay({ jsonPatch: [operation] }) },
    {
      kind,
      at: 'spec.overlay[].jsonPatch[]',
      bad: overlay({ jsonPatch: [{ op: 'move', path: '/spec/replicas' }] }),
      twin: overlay({ jsonPatch: [{ op: 'move', path: '/spec/replicas', from: '/spec/minReadySeconds' }] }),
    },
    {
      kind,
      at: 'spec.overlay[].jsonPatch[]',
      bad: overlay({ jsonPatch: [{ ...operation, from: '/spec/minReadySeconds' }] }),
      twin: overlay({ jsonPatch: [operation] }),
    },
  ];
};

const ofPackage = (name: string): RuleRow['bad'] => ({
  spec: { overlay: [{ package: name, kind: 'Deployment', name: 'api', patch: { spec: { replicas: 6 } } }] },
});

export const overlayRows: readonly RuleRow[] = [
  ...rowsFor('ReleasePolicy', { package: 'payments' }),
  ...rowsFor('ReleaseCandidate', {}),
  { kind: 'ReleasePolicy', at: 'spec.overlay[].package', bad: ofPackage('Payments'), twin: ofPackage('payments') },
];
