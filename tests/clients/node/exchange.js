// The guide's client, service-a, with axios: log in, exchange, verify, and be refused where it must be.
//
//   CAMBIST_BASE=http://localhost:8080 CLIENT_SECRET=… node exchange.js
import { createPublicKey, verify } from 'node:crypto';

import axios from 'axios';

const env = (name, otherwise) => process.env[name] ?? otherwise;
const settings = {
  base: env('CAMBIST_BASE', 'http://localhost:8080').replace(/\/+$/, ''),
  realm: env('REALM', 'token-exchange-demo'),
  clientId: env('CLIENT_ID', 'service-a'),
  clientSecret: env('CLIENT_SECRET', ''),
  audience: env('AUDIENCE', 'service-b'),
  username: env('LOGIN_USERNAME', 'testuser'),
  password: env('LOGIN_PASSWORD', 'password123'),
  otherClientId: env('OTHER_CLIENT_ID', 'service-c'),
  otherClientSecret: env('OTHER_CLIENT_SECRET', ''),
};
const issuer = `${settings.base}/realms/${settings.realm}`;
const tokenUrl = `${issuer}/protocol/openid-connect/token`;
const certsUrl = `${issuer}/protocol/openid-connect/certs`;
const ACCESS_TOKEN = 'urn:ietf:params:oauth:token-type:access_token';
const http = axios.create({ timeout: 20_000 });

let failed = false;

/** Run one step, print its JSON line, and return what it returned. */
async function step(name, action) {
  const start = performance.now();
  const line = { client: 'node-axios', step: name, ok: true };
  let value;
  try {
    value = await action();
  } catch (error) {
    const answer = error.response ? `${error.response.status} ${JSON.stringify(error.response.data)}` : '';
    Object.assign(line, { ok: false, problem: `${error.message} ${answer}`.trim().slice(0, 400) });
    failed = true;
  }
  line.ms = Math.round(performance.now() - start);
  console.log(JSON.stringify(line));
  return value;
}

function expect(condition, message) {
  if (!condition) throw new Error(message);
}

/** The guide's way of sending a form: URLSearchParams gives the content type, with a charset on some versions. */
function post(form, options = {}) {
  return http.post(tokenUrl, new URLSearchParams(form), {
    headers: { 'Content-Type': 'application/x-www-form-urlencoded' },
    ...options,
  });
}

const client = { client_id: settings.clientId, client_secret: settings.clientSecret };

function exchangeForm(subjectToken, audience = settings.audience) {
  return {
    grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
    subject_token: subjectToken,
    subject_token_type: ACCESS_TOKEN,
    requested_token_type: ACCESS_TOKEN,
    audience,
  };
}

const part = (token, index) => JSON.parse(Buffer.from(token.split('.')[index], 'base64url').toString());
const claims = (token) => part(token, 1);

function forged(token) {
  const [head, body, signature] = token.split('.');
  const raw = Buffer.from(signature, 'base64url');
  raw[raw.length >> 1] ^= 1;
  return `${head}.${body}.${raw.toString('base64url')}`;
}

async function login() {
  const { data } = await post({
    ...client,
    grant_type: 'password',
    username: settings.username,
    password: settings.password,
    scope: 'openid profile email',
  });
  expect(data.token_type === 'Bearer', `token_type ${data.token_type}`);
  expect(data.scope.split(' ').sort().join(' ') === 'email openid profile', `scope ${data.scope}`);
  return data;
}

function checkExchange(before, after) {
  expect(after.issued_token_type === ACCESS_TOKEN, `issued_token_type ${after.issued_token_type}`);
  const [old, now] = [claims(before.access_token), claims(after.access_token)];
  expect([now.aud].flat().includes(settings.audience), `aud ${now.aud}`);
  expect(now.azp === settings.clientId, `azp ${now.azp}`);
  expect(now.sub === old.sub, 'another subject');
  return after;
}

async function signatureHolds(token) {
  const { alg, kid } = part(token, 0);
  expect(alg === 'RS256', `alg ${alg}`);
  const { data } = await http.get(certsUrl);
  const jwk = data.keys.find((key) => key.kid === kid);
  expect(jwk, 'no key with the kid of the token');
  const [head, body, signature] = token.split('.');
  const key = createPublicKey({ key: jwk, format: 'jwk' });
  return verify('RSA-SHA256', Buffer.from(`${head}.${body}`), key, Buffer.from(signature, 'base64url'));
}

async function verifyToken(token) {
  expect(await signatureHolds(token), 'the signature does not hold');
  expect(!(await signatureHolds(forged(token))), 'a forged signature holds');
  const now = claims(token);
  expect(now.iss === issuer, `iss ${now.iss}`);
  expect(now.exp > Date.now() / 1000, 'expired');
}

/** axios throws on every refusal; its answer must be this one. */
async function refused(form, status, error, description) {
  const answer = await post(form, { validateStatus: () => true });
  const got = [answer.status, answer.data.error, answer.data.error_description];
  expect(JSON.stringify(got) === JSON.stringify([status, error, description]), `answered ${JSON.stringify(got)}`);
  expect(answer.data.access_token === undefined, 'a refusal with a token');
}

const before = await step('login', login);
if (before) {
  const token = before.access_token;
  const after = await step('exchange', async () =>
    checkExchange(before, (await post({ ...exchangeForm(token), ...client })).data));
  await step('exchange-basic', async () => {
    const auth = { username: settings.clientId, password: settings.clientSecret };
    checkExchange(before, (await post(exchangeForm(token), { auth })).data);
  });
  await step('verify', () => verifyToken(after.access_token));
  const other = { client_id: settings.otherClientId, client_secret: settings.otherClientSecret };
  await step('refuse-other-client', () =>
    refused({ ...exchangeForm(token), ...other }, 403, 'access_denied', 'Client not allowed to exchange'));
  await step('refuse-wrong-secret', () =>
    refused({ ...exchangeForm(token), ...client, client_secret: 'wrong' }, 401, 'unauthorized_client',
      'Invalid client or Invalid client credentials'));
  await step('refuse-garbage', () =>
    refused({ ...exchangeForm('garbage'), ...client }, 400, 'invalid_request', 'Invalid token'));
  await step('refuse-forged', () =>
    refused({ ...exchangeForm(forged(token)), ...client }, 400, 'invalid_request', 'Invalid token'));
  await step('refuse-unknown-audience', () =>
    refused({ ...exchangeForm(token, 'no-such-service'), ...client }, 400, 'invalid_client', 'Audience not found'));
}
process.exitCode = failed ? 1 : 0;
