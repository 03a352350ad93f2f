/** What there is to work on. */

/** `namespace` is the production namespace, but for a candidate its own. */
export type Key =
  | { readonly controller: 'candidate'; readonly namespace: string; readonly name: string }
  | { readonly controller: 'release'; readonly namespace: string; readonly package: string }
  | { readonly controller: 'policy'; readonly namespace: string }
  | { readonly controller: 'findings'; readonly namespace: string }
  | { readonly controller: 'emergency'; readonly namespace: string; readonly uid: string }
  | { readonly controller: 'exception'; readonly namespace: string; readonly name: string }
  | { readonly controller: 'policy-change'; readonly namespace: string; readonly name: string }
  | { readonly controller: 'candidate-deletion'; readonly namespace: string; readonly uid: string };

export type ControllerName = Key['controller'];

/** The keys of one controller. */
export type KeyOf<C extends ControllerName> = Extract<Key, { readonly controller: C }>;

/** Whether a key is one of this controller. */
export const isKeyOf = <C extends ControllerName>(controller: C, key: Key): key is KeyOf<C> =>
  key.controller === controller;

/** A key as queue and logs name it: equal for equal keys, and for no others, as names hold no slash. */
export const keyText = (key: Key): string => {
  switch (key.controller) {
    case 'candidate':
    case 'exception':
    case 'policy-change':
      return `${key.controller}/${key.namespace}/${key.name}`;
    case 'release':
      return `release/${key.namespace}/${key.package}`;
    case 'policy':
    case 'findings':
      return `${key.controller}/${key.namespace}`;
    case 'emergency':
    case 'candidate-deletion':
      return `${key.controller}/${key.namespace}/${key.uid}`;
  }
};
