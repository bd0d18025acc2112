// The guide's client, service-a, with openid-client: addresses by discovery, every call by the library.
//
// The exchange names a scope without `openid`: with it the answer holds an ID token for the target, which the library
// rightly refuses as not meant for it.
import * as oidc from 'openid-client';

import { ACCESS_TOKEN, TOKEN_EXCHANGE, exchangeForm, expect, issuer, refused, settings, step } from './steps.js';

const run = (name, action) => step('node-openid-client', name, action);
const plain = { execute: [oidc.allowInsecureRequests], timeout: 20 };
const discover = (id, secret) => oidc.discovery(issuer, id, secret, oidc.ClientSecretBasic(secret), plain);
const exchange = (config, subject) =>
  oidc.genericGrantRequest(config, TOKEN_EXCHANGE, { ...exchangeForm(subject), scope: 'profile' });

const config = await run('discover', async () => {
  const config = await discover(settings.clientId, settings.clientSecret);
  expect(config.serverMetadata().issuer === issuer.href, `issuer ${config.serverMetadata().issuer}`);
  return config;
});
const first = config && (await run('login', () =>
  oidc.genericGrantRequest(config, 'password', {
    username: settings.username,
    password: settings.password,
    scope: 'openid profile email',
  })));
if (first) {
  const second = await run('exchange', async () => {
    const answer = await exchange(config, first.access_token);
    expect(answer.issued_token_type === ACCESS_TOKEN, `issued_token_type ${answer.issued_token_type}`);
    return answer;
  });
  await run('introspect', async () => {
    const target = await discover(settings.audience, settings.audienceSecret);
    const told = await oidc.tokenIntrospection(target, second.access_token);
    expect(told.active && told.client_id === settings.clientId, `told ${JSON.stringify(told)}`);
  });
  await run('userinfo', async () => {
    const subject = first.claims().sub;
    const told = await oidc.fetchUserInfo(config, first.access_token, subject);
    expect(told.preferred_username === settings.username, `told ${JSON.stringify(told)}`);
  });
  const third = await run('refresh', () => oidc.refreshTokenGrant(config, first.refresh_token));
  await run('refuse-other-client', async () => {
    const other = await discover(settings.otherClientId, settings.otherClientSecret);
    await refused(
      () => exchange(other, first.access_token),
      (error) => error.error === 'access_denied' && error.error_description === 'Client not allowed to exchange',
    );
  });
  await run('revoke', async () => {
    await oidc.tokenRevocation(config, third.refresh_token);
    await refused(() => oidc.refreshTokenGrant(config, third.refresh_token), (error) => error.error === 'invalid_grant');
  });
}
