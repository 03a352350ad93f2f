/** Keeps the gate's certificate alive: carries out what `certificates.ts` plans, and hands out what is to be served. */
import { createClient, type Client } from '../../kube/client.ts';
import { retryPolicy, toFailure, type Failure } from '../../kube/failures.ts';
import { Reflector, type ReflectorTools } from '../../kube/reflector.ts';
import { keyOf, type KubeObject } from '../../kube/resource.ts';
import { delayMs } from '../../time/backoff.ts';
import { sleep, type Cancel } from '../../time/clock.ts';
import {
  planCertificates,
  publishedIndex,
  toServe,
  withIssued,
  type CertificateFacts,
  type Issued,
  type Lifetimes,
  type State,
  type Step,
} from './rotation-plan.ts';
import { issue, newSeed } from './issue-certificate.ts';
import {
  configurations,
  configurationWith,
  gateName,
  publishedIn,
  secrets,
  secretWith,
  storedIn,
} from './rotation-state.ts';

export interface RotationOptions {
  readonly tools: ReflectorTools;
  /** Of the Secret. */
  readonly namespace: string;
  /** What the certificate has to be for. */
  readonly hosts: readonly string[];
  /** Undefined: only the path is kept; certificates come from somebody else. */
  readonly lifetimes: Lifetimes | undefined;
  /** Serve with these from now on. `issued` is undefined where certificates come from somebody else. */
  readonly changed: (served: Served) => Promise<void>;
}

export interface Served {
  /** Of the paths, and which of them is published. */
  readonly seed: string;
  readonly index: number;
  readonly issued: Issued | undefined;
}

type Doing = Exclude<Step, { readonly do: 'Wait' }>;

/** Both objects, as known at one moment. */
interface Seen {
  readonly secret: KubeObject;
  readonly configuration: KubeObject | undefined;
}

const fieldManager = 'countersign-gate';
/** For so long a path is used; after a failed call that nobody here could notice, somebody may know it for as long. */
const pathAgeMs = 3_600_000;
/** However often calls fail, the path changes no more often. */
const pathRestMs = 60_000;

export class Rotation {
  readonly #options: RotationOptions;
  readonly #client: Client;
  readonly #secret: Reflector<KubeObject>;
  readonly #configuration: Reflector<KubeObject>;
  readonly #stopping = new AbortController();
  #running: Promise<void> | undefined;
  #wake = Promise.withResolvers<void>();
  #served: Served | undefined;
  /** An ended process may have let calls fail, and the API server tells the path of a failed call: each process begins with a new one. */
  #pathNotBefore: number;
  #cancelChange: Cancel | undefined;
  #failures = 0;
  #problem: string | undefined;

  constructor(options: RotationOptions) {
    this.#options = options;
    const { tools, namespace } = options;
    this.#pathNotBefore = tools.clock.now();
    this.#secret = new Reflector({ resource: secrets, namespace, name: gateName, project: (raw) => raw }, tools);
    this.#configuration = new Reflector({ resource: configurations, name: gateName, project: (raw) => raw }, tools);
    this.#client = createClient({
      transport: tools.transport,
      fieldManager,
      written: ({ kind }, object) => (kind === 'Secret' ? this.#secret : this.#configuration).observed(object),
    });
    for (const reflector of [this.#secret, this.#configuration]) reflector.onChange(() => this.#wake.resolve());
  }

  /** Begins to follow. */
  start(): void {
    this.#running ??= this.#run();
  }

  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#cancelChange?.();
    this.#wake.resolve();
    await Promise.all([this.#secret.stop(), this.#configuration.stop()]);
    await this.#running;
  }

  /** A call failed as seen by the API server, so its caller may know the path now: it is changed, later if it just was. */
  pathMayBeKnown(): void {
    const { clock } = this.#options.tools;
    this.#cancelChange?.();
    const change = (): void => {
      this.#pathNotBefore = clock.now();
      this.#wake.resolve();
    };
    this.#cancelChange = clock.after(this.#pathNotBefore + pathRestMs - clock.now(), change);
  }

  /** Why the API server cannot ask here; undefined = it can. */
  notReady(): string | undefined {
    if (!this.#secret.isSynced() || !this.#configuration.isSynced()) return 'Secret and configuration are not read yet';
    if (this.#secret.get(this.#secretKey) === undefined) return `there is no Secret ${gateName}`;
    if (this.#configuration.get(gateName) === undefined) return `there is no webhook configuration ${gateName}`;
    return this.#served === undefined
      ? (this.#problem ?? 'the webhook configuration does not trust us yet')
      : undefined;
  }

  /** The longest silence of the API server, in milliseconds. */
  silentMs(): number {
    return Math.max(this.#secret.silentMs(), this.#configuration.silentMs());
  }

  /** When the served certificate ends; undefined while none is served, or somebody else made it. */
  notAfter(): number | undefined {
    return this.#served?.issued?.notAfter;
  }

  get #secretKey(): string {
    return keyOf({ namespace: this.#options.namespace, name: gateName });
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping;
    this.#secret.start();
    this.#configuration.start();
    // Stopping rejects what was not complete yet.
    await Promise.all([this.#secret.synced, this.#configuration.synced]).catch(() => {});
    while (!signal.aborted) {
      this.#wake = Promise.withResolvers();
      const waitMs = await this.#step();
      if (waitMs === 0) continue;
      const nap = new AbortController();
      void this.#wake.promise.then(() => nap.abort());
      await sleep(this.#options.tools.clock, waitMs, nap.signal);
    }
  }

  /** Does what is next; tells how long to wait unless something changes, 0 = not at all. */
  async #step(): Promise<number> {
    const { clock } = this.#options.tools;
    try {
      const secret = this.#secret.get(this.#secretKey);
      if (secret === undefined) return Infinity;
      const seen: Seen = { secret, configuration: this.#configuration.get(gateName) };
      const facts = this.#factsOf(seen);
      await this.#serve(facts);
      const step = planCertificates(facts, clock.now());
      if (step.do !== 'Wait') await this.#carryOut(step, seen, facts);
      this.#failures = 0;
      this.#problem = undefined;
      if (step.do !== 'Wait') return 0;
      return step.until === undefined ? Infinity : Math.max(1, step.until - clock.now());
    } catch (error) {
      return this.#retryMs(toFailure(error));
    }
  }

  #factsOf({ secret, configuration }: Seen): CertificateFacts {
    const { lifetimes, hosts } = this.#options;
    return {
      stored: storedIn(secret),
      publication: configuration && publishedIn(configuration),
      lifetimes,
      hosts,
      path: { notBefore: this.#pathNotBefore, maxAgeMs: pathAgeMs },
    };
  }

  async #serve({ stored, publication, lifetimes }: CertificateFacts): Promise<void> {
    const seed = stored.state?.seed;
    const index = seed === undefined || publication === undefined ? undefined : publishedIndex(publication, seed);
    if (seed === undefined || index === undefined) return;
    const issued = lifetimes === undefined ? undefined : toServe(stored, publication, this.#served?.issued);
    if (lifetimes !== undefined && issued === undefined) return;
    const before = this.#served;
    const isOther = issued?.certificate !== before?.issued?.certificate;
    if (seed === before?.seed && index === before.index && !isOther) return;
    await this.#options.changed({ seed, index, issued });
    this.#served = { seed, index, issued };
    const { logger } = this.#options.tools;
    const notAfter = issued && new Date(issued.notAfter).toISOString();
    logger.info({ notAfter }, isOther ? 'serving with a new certificate' : 'serving under a new path');
  }

  /** Writes over exactly the states that the step was planned from: where another replica was faster, its write is the one that counts. */
  async #carryOut(step: Doing, { secret, configuration }: Seen, { stored, lifetimes, hosts }: CertificateFacts) {
    const { clock, logger } = this.#options.tools;
    switch (step.do) {
      case 'Issue': {
        if (lifetimes === undefined) return;
        const made = await issue({ hosts, now: clock.now(), validForMs: lifetimes.validForMs });
        await this.#store(secret, withIssued(stored.state, made, { as: step.as, newSeed: newSeed() }));
        logger.info({ as: step.as, hosts }, 'certificate issued');
        return;
      }
      case 'StoreSeed':
        return this.#store(secret, { seed: newSeed(), chain: undefined });
      case 'Store':
        return this.#store(secret, step.state);
      case 'Publish': {
        if (configuration === undefined) return;
        const { seed, index, trusted } = step;
        const manifest = configurationWith(configuration, { from: stored.resourceVersion, seed, index, trusted });
        await this.#client.replaceResource(configurations, manifest);
        logger.info({ from: stored.resourceVersion }, 'webhook configuration written');
      }
    }
  }

  async #store(secret: KubeObject, state: State): Promise<void> {
    await this.#client.replaceResource(secrets, secretWith(secret, state));
  }

  /** Conflicts are other replicas, and the watch tells what they wrote. */
  #retryMs(failure: Failure): number {
    const { logger, random } = this.#options.tools;
    const retry = retryPolicy[failure.kind];
    this.#failures += 1;
    const { kind, code } = failure;
    this.#problem = `certificate and path are not maintained: ${kind}`;
    // The API server quotes what it finds invalid, and here that is the path.
    logger[retry.log]({ err: kind === 'Invalid' ? { kind, code } : failure }, 'certificates not maintained');
    return delayMs({ ...retry, capMs: Math.min(retry.capMs, 10_000) }, this.#failures, random());
  }
}
