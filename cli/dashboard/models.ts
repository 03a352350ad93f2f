/** What the page is told. The server makes these with the functions of the command; the page only shows them. */
import type { CandidateModel, HomeModel } from './models/candidates.ts';
import type { EmergenciesModel, FindingsModel, LedgerModel, PackagesModel, PolicyModel } from './models/namespaces.ts';
import type { RequestsModel } from './models/requests.ts';

export type * from './models/basics.ts';
export type * from './models/candidates.ts';
export type * from './models/namespaces.ts';
export type * from './models/requests.ts';

export type Model =
  | HomeModel
  | CandidateModel
  | PackagesModel
  | EmergenciesModel
  | FindingsModel
  | RequestsModel
  | LedgerModel
  | PolicyModel;
