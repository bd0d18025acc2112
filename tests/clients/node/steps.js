// What the programs with a library share: settings from the environment, and a report of one JSON line a step.
const env = (name, otherwise) => process.env[name] ?? otherwise;

export const settings = {
  base: env('CAMBIST_BASE', 'http://localhost:8080').replace(/\/+$/, ''),
  realm: env('REALM', 'token-exchange-demo'),
  clientId: env('CLIENT_ID', 'service-a'),
  clientSecret: env('CLIENT_SECRET', ''),
  audience: env('AUDIENCE', 'service-b'),
  audienceSecret: env('AUDIENCE_SECRET', ''),
  username: env('LOGIN_USERNAME', 'testuser'),
  password: env('LOGIN_PASSWORD', 'password123'),
  otherClientId: env('OTHER_CLIENT_ID', 'service-c'),
  otherClientSecret: env('OTHER_CLIENT_SECRET', ''),
};
export const issuer = new URL(`${settings.base}/realms/${settings.realm}`);
export const ACCESS_TOKEN = 'urn:ietf:params:oauth:token-type:access_token';
export const TOKEN_EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange';

/** The form of the guide's exchange, without the client. */
export const exchangeForm = (subjectToken) => ({
  subject_token: subjectToken,
  subject_token_type: ACCESS_TOKEN,
  requested_token_type: ACCESS_TOKEN,
  audience: settings.audience,
});

/** Run one step, print its JSON line, and return what it returned. */
export async function step(client, name, action) {
  const start = performance.now();
  const line = { client, step: name, ok: true };
  let value;
  try {
    value = await action();
  } catch (error) {
    const cause = error.cause === undefined ? '' : ` ${JSON.stringify(error.cause)}`;
    Object.assign(line, { ok: false, problem: `${error.message}${cause}`.slice(0, 400) });
    process.exitCode = 1;
  }
  line.ms = Math.round(performance.now() - start);
  console.log(JSON.stringify(line));
  return value;
}

export function expect(condition, message) {
  if (!condition) throw new Error(message);
}

/** The action must be refused, in a way that the judge agrees with. */
export async function refused(action, judge) {
  let answer;
  try {
    answer = await action();
  } catch (error) {
    expect(judge(error), `refused for another reason: ${error.message} ${JSON.stringify(error.cause ?? null)}`);
    return;
  }
  throw new Error(`taken: ${JSON.stringify(answer).slice(0, 200)}`);
}
