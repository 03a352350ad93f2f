/** What the tools that may deliver releases keep for themselves in the objects they write. A fixed list: nothing else of theirs passes. */

/** Prefixes of labels and annotations that are a tool's own notes in any object, whoever wrote the rest of it. */
export const toolNotes = [
  // Argo CD, argo-cd/docs/user-guide/resource_tracking.md
  'argocd.argoproj.io/',
  // Flux, kustomize-controller and helm-controller ownership labels
  'kustomize.toolkit.fluxcd.io/',
  'helm.toolkit.fluxcd.io/',
  // Helm, pkg/action/validate.go
  'meta.helm.sh/',
] as const;

/**
 * Labels with a common meaning that Helm and Argo CD set on what they deliver. Where a tool delivers, they are left alone like any
 * unmanaged field, and the signer sees that; elsewhere they are content.
 */
export const toolLabels: readonly string[] = [
  "metadata.labels['app.kubernetes.io/instance']",
  "metadata.labels['app.kubernetes.io/managed-by']",
];

/** What people do in each tool when a release has failed and the one before it has been opened again. */
export const goBackWith =
  'Argo CD: argocd app rollback <app>, or revert the commit and argocd app sync <app>; Flux: revert the commit and flux reconcile kustomization <name> --with-source; Helm: helm rollback <release>';
