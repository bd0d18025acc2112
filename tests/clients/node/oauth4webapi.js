// The guide's client, service-a, with oauth4webapi: the strictest reader of answers among these.
import * as oauth from 'oauth4webapi';

import { ACCESS_TOKEN, TOKEN_EXCHANGE, exchangeForm, expect, issuer, refused, settings, step } from './steps.js';

const run = (name, action) => step('node-oauth4webapi', name, action);
const plain = () => ({ [oauth.allowInsecureRequests]: true, signal: AbortSignal.timeout(20_000) });
const own = { client_id: settings.clientId };
const ownSecret = oauth.ClientSecretBasic(settings.clientSecret);

const as = await run('discover', async () =>
  oauth.processDiscoveryResponse(issuer, await oauth.discoveryRequest(issuer, plain())));

async function grant(client, secret, type, form) {
  const answer = await oauth.genericTokenEndpointRequest(as, client, secret, type, new URLSearchParams(form), plain());
  return oauth.processGenericTokenEndpointResponse(as, client, answer);
}

const exchange = (client, secret, subject) =>
  grant(client, secret, TOKEN_EXCHANGE, { ...exchangeForm(subject), scope: 'profile' });
const refresh = async (token) =>
  oauth.processRefreshTokenResponse(as, own, await oauth.refreshTokenGrantRequest(as, own, ownSecret, token, plain()));

const first = as && (await run('login', () =>
  grant(own, ownSecret, 'password', {
    username: settings.username,
    password: settings.password,
    scope: 'openid profile email',
  })));
if (first) {
  const second = await run('exchange', async () => {
    const answer = await exchange(own, ownSecret, first.access_token);
    expect(answer.issued_token_type === ACCESS_TOKEN, `issued_token_type ${answer.issued_token_type}`);
    return answer;
  });
  await run('introspect', async () => {
    const target = { client_id: settings.audience };
    const secret = oauth.ClientSecretBasic(settings.audienceSecret);
    const answer = await oauth.introspectionRequest(as, target, secret, second.access_token, plain());
    const told = await oauth.processIntrospectionResponse(as, target, answer);
    expect(told.active && told.client_id === settings.clientId, `told ${JSON.stringify(told)}`);
  });
  await run('userinfo', async () => {
    const { sub } = oauth.getValidatedIdTokenClaims(first);
    const answer = await oauth.userInfoRequest(as, own, first.access_token, plain());
    const told = await oauth.processUserInfoResponse(as, own, sub, answer);
    expect(told.preferred_username === settings.username, `told ${JSON.stringify(told)}`);
  });
  const third = await run('refresh', () => refresh(first.refresh_token));
  await run('refuse-other-client', async () => {
    const other = { client_id: settings.otherClientId };
    await refused(
      () => exchange(other, oauth.ClientSecretBasic(settings.otherClientSecret), first.access_token),
      (error) => error.error === 'access_denied' && error.error_description === 'Client not allowed to exchange',
    );
  });
  await run('revoke', async () => {
    const answer = await oauth.revocationRequest(as, own, ownSecret, third.refresh_token, plain());
    await oauth.processRevocationResponse(answer);
    await refused(() => refresh(third.refresh_token), (error) => error.error === 'invalid_grant');
  });
}
