/** Answers of the gate’s server, and what its log tells of a request. */
import type { ServerResponse } from 'node:http';
import type { AdmissionRequest } from '../../decide/admission/request.ts';

/** For the log: what was asked, never what is in it. */
export const namesOf = ({
  uid,
  operation,
  resource,
  subresource,
  namespace,
  name,
  user,
}: AdmissionRequest): object => ({
  uid,
  operation,
  resource: subresource === '' ? resource.resource : `${resource.resource}/${subresource}`,
  namespace,
  name,
  username: user.username,
});

export const parseJson = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

export const respond = (response: ServerResponse, status: number, text: string, type: string): void => {
  response.writeHead(status, { 'content-type': type, 'content-length': Buffer.byteLength(text) }).end(text);
};

/** For callers who are wrong here: answered, and their connection closed, whatever they still send. */
export const turnAway = (response: ServerResponse, status: number, text: string): void => {
  response.setHeader('connection', 'close');
  respond(response, status, `${text}\n`, 'text/plain; charset=utf-8');
};
