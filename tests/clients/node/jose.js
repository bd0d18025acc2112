// The guide's resource server, service-b, with jose: keys by their address, and every check that a token must fail.
import * as jose from 'jose';
import axios from 'axios';

import { TOKEN_EXCHANGE, exchangeForm, expect, issuer, refused, settings, step } from './steps.js';

const run = (name, action) => step('node-jose', name, action);
const keys = jose.createRemoteJWKSet(new URL(`${issuer.href}/protocol/openid-connect/certs`), { timeoutDuration: 20_000 });
const check = (token, wanted = {}) =>
  jose.jwtVerify(token, keys, {
    issuer: issuer.href,
    audience: settings.audience,
    requiredClaims: ['exp', 'sub', 'azp'],
    ...wanted,
  });

async function ask(form) {
  const client = { client_id: settings.clientId, client_secret: settings.clientSecret };
  const { data } = await axios.post(`${issuer.href}/protocol/openid-connect/token`,
    new URLSearchParams({ ...client, ...form }), { timeout: 20_000 });
  return data.access_token;
}

function forged(token) {
  const [head, body, signature] = token.split('.');
  const raw = Buffer.from(signature, 'base64url');
  raw[raw.length >> 1] ^= 1;
  return `${head}.${body}.${raw.toString('base64url')}`;
}

const tokens = await run('tokens', async () => {
  const first = await ask({ grant_type: 'password', username: settings.username, password: settings.password });
  return [first, await ask({ grant_type: TOKEN_EXCHANGE, ...exchangeForm(first) })];
});
if (tokens) {
  const [first, second] = tokens;
  const claim = (name) => (error) => error.code === 'ERR_JWT_CLAIM_VALIDATION_FAILED' && error.claim === name;
  await run('verify', async () => {
    const { payload, protectedHeader } = await check(second);
    expect(payload.azp === settings.clientId, `azp ${payload.azp}`);
    expect(protectedHeader.alg === 'RS256', `alg ${protectedHeader.alg}`);
  });
  await run('refuse-wrong-audience', () => refused(() => check(second, { audience: 'service-z' }), claim('aud')));
  await run('refuse-wrong-issuer', () => refused(() => check(second, { issuer: `${issuer.href}-other` }), claim('iss')));
  await run('refuse-forged', () =>
    refused(() => check(forged(second)), (error) => error.code === 'ERR_JWS_SIGNATURE_VERIFICATION_FAILED'));
  await run('refuse-first-token', () => refused(() => check(first), claim('aud')));
}
