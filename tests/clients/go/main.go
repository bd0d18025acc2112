// The guide's client, service-a, with net/http alone: log in, exchange, verify, and be refused where it must be.
//
//	CAMBIST_BASE=http://localhost:8080 CLIENT_SECRET=… go run .
package main

import (
	"crypto"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"
)

const accessToken = "urn:ietf:params:oauth:token-type:access_token"

func env(name, otherwise string) string {
	if value, found := os.LookupEnv(name); found {
		return value
	}
	return otherwise
}

var (
	base         = strings.TrimRight(env("CAMBIST_BASE", "http://localhost:8080"), "/")
	issuer       = base + "/realms/" + env("REALM", "token-exchange-demo")
	tokenURL     = issuer + "/protocol/openid-connect/token"
	certsURL     = issuer + "/protocol/openid-connect/certs"
	clientID     = env("CLIENT_ID", "service-a")
	clientSecret = env("CLIENT_SECRET", "")
	audience     = env("AUDIENCE", "service-b")
	username     = env("LOGIN_USERNAME", "testuser")
	password     = env("LOGIN_PASSWORD", "password123")
	otherID      = env("OTHER_CLIENT_ID", "service-c")
	otherSecret  = env("OTHER_CLIENT_SECRET", "")
	client       = &http.Client{Timeout: 20 * time.Second}
)

// tokenAnswer is the answer of the token endpoint, good or bad.
type tokenAnswer struct {
	AccessToken      string `json:"access_token"`
	TokenType        string `json:"token_type"`
	IssuedTokenType  string `json:"issued_token_type"`
	ExpiresIn        int    `json:"expires_in"`
	Scope            string `json:"scope"`
	Error            string `json:"error"`
	ErrorDescription string `json:"error_description"`
}

// claims are those that this program looks at.
type claims struct {
	Issuer   string    `json:"iss"`
	Subject  string    `json:"sub"`
	Party    string    `json:"azp"`
	Expires  int64     `json:"exp"`
	Audience audiences `json:"aud"`
}

// audiences is one text or a list of them (RFC 7519 section 4.1.3).
type audiences []string

func (a *audiences) UnmarshalJSON(data []byte) error {
	var one string
	if json.Unmarshal(data, &one) == nil {
		*a = audiences{one}
		return nil
	}
	return json.Unmarshal(data, (*[]string)(a))
}

var failed bool

// step runs one step and prints its JSON line.
func step(name string, action func() error) bool {
	start := time.Now()
	problem := action()
	line := map[string]any{"client": "go-net-http", "step": name, "ok": problem == nil, "ms": time.Since(start).Milliseconds()}
	if problem != nil {
		line["problem"] = problem.Error()
		failed = true
	}
	text, _ := json.Marshal(line)
	fmt.Println(string(text))
	return problem == nil
}

// post sends a form; with basic the client's secret goes into the Authorization header.
func post(form url.Values, basic bool) (int, tokenAnswer, error) {
	var answer tokenAnswer
	request, err := http.NewRequest(http.MethodPost, tokenURL, strings.NewReader(form.Encode()))
	if err != nil {
		return 0, answer, err
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if basic {
		request.SetBasicAuth(url.QueryEscape(clientID), url.QueryEscape(clientSecret))
	}
	response, err := client.Do(request)
	if err != nil {
		return 0, answer, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, 1<<20))
	if err != nil {
		return 0, answer, err
	}
	return response.StatusCode, answer, json.Unmarshal(body, &answer)
}

func login() (tokenAnswer, error) {
	status, answer, err := post(url.Values{
		"client_id":     {clientID},
		"client_secret": {clientSecret},
		"grant_type":    {"password"},
		"username":      {username},
		"password":      {password},
		"scope":         {"openid profile email"},
	}, false)
	if err == nil && (status != http.StatusOK || answer.TokenType != "Bearer" || answer.ExpiresIn <= 0) {
		err = fmt.Errorf("login answered %d %s %s", status, answer.Error, answer.ErrorDescription)
	}
	return answer, err
}

func exchangeForm(subjectToken, target string) url.Values {
	return url.Values{
		"grant_type":           {"urn:ietf:params:oauth:grant-type:token-exchange"},
		"subject_token":        {subjectToken},
		"requested_token_type": {accessToken},
		"audience":             {target},
	}
}

func as(form url.Values, id, secret string) url.Values {
	form.Set("client_id", id)
	form.Set("client_secret", secret)
	return form
}

func exchange(before tokenAnswer, basic bool) (tokenAnswer, error) {
	form := exchangeForm(before.AccessToken, audience)
	if !basic {
		form = as(form, clientID, clientSecret)
	}
	status, after, err := post(form, basic)
	if err != nil {
		return after, err
	}
	if status != http.StatusOK {
		return after, fmt.Errorf("answered %d %s %s", status, after.Error, after.ErrorDescription)
	}
	old, err := claimsOf(before.AccessToken)
	if err != nil {
		return after, err
	}
	now, err := claimsOf(after.AccessToken)
	if err != nil {
		return after, err
	}
	switch {
	case after.IssuedTokenType != accessToken:
		err = fmt.Errorf("issued_token_type %s", after.IssuedTokenType)
	case !contains(now.Audience, audience):
		err = fmt.Errorf("aud %v", now.Audience)
	case now.Party != clientID:
		err = fmt.Errorf("azp %s", now.Party)
	case now.Subject == "" || now.Subject != old.Subject:
		err = errors.New("another subject")
	}
	return after, err
}

func verify(token string) error {
	if err := signatureHolds(token); err != nil {
		return err
	}
	if signatureHolds(forged(token)) == nil {
		return errors.New("a forged signature holds")
	}
	now, err := claimsOf(token)
	if err != nil {
		return err
	}
	if now.Issuer != issuer {
		return fmt.Errorf("iss %s", now.Issuer)
	}
	if now.Expires <= time.Now().Unix() {
		return errors.New("expired")
	}
	return nil
}

// signatureHolds checks RS256 by the key that certs publishes under the token's kid.
func signatureHolds(token string) error {
	var header struct{ Alg, Kid string }
	if err := decode(token, 0, &header); err != nil {
		return err
	}
	if header.Alg != "RS256" {
		return fmt.Errorf("alg %s", header.Alg)
	}
	key, err := published(header.Kid)
	if err != nil {
		return err
	}
	parts := strings.Split(token, ".")
	signature, err := base64.RawURLEncoding.DecodeString(parts[2])
	if err != nil {
		return err
	}
	digest := sha256.Sum256([]byte(parts[0] + "." + parts[1]))
	return rsa.VerifyPKCS1v15(key, crypto.SHA256, digest[:], signature)
}

func published(kid string) (*rsa.PublicKey, error) {
	response, err := client.Get(certsURL)
	if err != nil {
		return nil, err
	}
	defer response.Body.Close()
	var set struct {
		Keys []struct{ Kid, Kty, N, E string }
	}
	if err := json.NewDecoder(io.LimitReader(response.Body, 1<<20)).Decode(&set); err != nil {
		return nil, err
	}
	for _, key := range set.Keys {
		if key.Kid != kid || key.Kty != "RSA" {
			continue
		}
		n, err := base64.RawURLEncoding.DecodeString(key.N)
		if err != nil {
			return nil, err
		}
		e, err := base64.RawURLEncoding.DecodeString(key.E)
		if err != nil {
			return nil, err
		}
		return &rsa.PublicKey{N: new(big.Int).SetBytes(n), E: int(new(big.Int).SetBytes(e).Int64())}, nil
	}
	return nil, errors.New("no key with the kid of the token")
}

func decode(token string, part int, into any) error {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return errors.New("not a compact token")
	}
	text, err := base64.RawURLEncoding.DecodeString(parts[part])
	if err != nil {
		return err
	}
	return json.Unmarshal(text, into)
}

func claimsOf(token string) (claims, error) {
	var out claims
	err := decode(token, 1, &out)
	return out, err
}

// forged is the token with one bit of its signature flipped.
func forged(token string) string {
	dot := strings.LastIndex(token, ".")
	signature, err := base64.RawURLEncoding.DecodeString(token[dot+1:])
	if err != nil || len(signature) == 0 {
		return token
	}
	signature[len(signature)/2] ^= 1
	return token[:dot+1] + base64.RawURLEncoding.EncodeToString(signature)
}

func contains(list []string, wanted string) bool {
	for _, item := range list {
		if item == wanted {
			return true
		}
	}
	return false
}

func refused(form url.Values, wantStatus int, wantError, wantDescription string) error {
	status, answer, err := post(form, false)
	if err != nil {
		return err
	}
	if status != wantStatus || answer.Error != wantError || answer.ErrorDescription != wantDescription || answer.AccessToken != "" {
		return fmt.Errorf("answered %d %s %q", status, answer.Error, answer.ErrorDescription)
	}
	return nil
}

func main() {
	var before, after tokenAnswer
	if !step("login", func() (err error) { before, err = login(); return }) {
		os.Exit(1)
	}
	token := before.AccessToken
	step("exchange", func() (err error) { after, err = exchange(before, false); return })
	step("exchange-basic", func() error { _, err := exchange(before, true); return err })
	step("verify", func() error { return verify(after.AccessToken) })
	step("refuse-other-client", func() error {
		return refused(as(exchangeForm(token, audience), otherID, otherSecret), 403, "access_denied", "Client not allowed to exchange")
	})
	step("refuse-wrong-secret", func() error {
		return refused(as(exchangeForm(token, audience), clientID, "wrong"), 401, "unauthorized_client", "Invalid client or Invalid client credentials")
	})
	step("refuse-garbage", func() error {
		return refused(as(exchangeForm("garbage", audience), clientID, clientSecret), 400, "invalid_request", "Invalid token")
	})
	step("refuse-forged", func() error {
		return refused(as(exchangeForm(forged(token), audience), clientID, clientSecret), 400, "invalid_request", "Invalid token")
	})
	step("refuse-unknown-audience", func() error {
		return refused(as(exchangeForm(token, "no-such-service"), clientID, clientSecret), 400, "invalid_client", "Audience not found")
	})
	if failed {
		os.Exit(1)
	}
}
