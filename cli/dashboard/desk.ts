/** What a view works with: the API server as the person who started the page, and what tells it to look again. */
import type { Selection } from '../../operator/kube/read.ts';
import type { KubeObject, ResourceRow } from '../../operator/kube/resource.ts';
import type { Cluster } from '../cluster/cluster.ts';
import type { Session } from '../session.ts';
import type { Model } from './models.ts';
import type { Heard } from './watches.ts';

export interface Desk {
  /** What was typed when the page was started. */
  readonly session: Session;
  /** Remembers what it asked of rights for one look only: they may change while the page is open. */
  readonly cluster: () => Cluster;
  readonly now: () => number;
  /** Looks again when these objects change; the same twice is followed once. */
  readonly follow: (resource: ResourceRow, selection: Selection, heard?: Heard) => void;
  /** Follows these objects, and says all of them: for entries of the record, which never change. */
  readonly record: (resource: ResourceRow, selection: Selection) => Promise<readonly KubeObject[]>;
}

/** One look at what a view shows. */
export type Look = () => Promise<Model>;

/** What a view is asked for with, such as a namespace and a name. */
export type Place = (name: string) => string;
export type View = (desk: Desk, place: Place) => Look;
