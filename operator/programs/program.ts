/** What every program does alike. */
import { readFileSync } from 'node:fs';
import type { CredentialSource } from '../kube/credentials.ts';
import type { Settings } from '../settings.ts';

export const version = '0.1.0';

/** The pod's ServiceAccount, or outside a cluster what the settings name. */
export const sourceOf = ({ outside }: Settings): CredentialSource =>
  outside === undefined
    ? { from: 'InCluster' }
    : {
        from: 'Token',
        server: outside.server,
        caPem: readFileSync(outside.caFile, 'utf8'),
        tokenFile: outside.tokenFile,
      };
