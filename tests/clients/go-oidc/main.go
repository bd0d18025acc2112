// The guide's client, service-a, with go-oidc and x/oauth2: addresses by discovery, verification by go-oidc.
//
//	CAMBIST_BASE=http://localhost:8080 CLIENT_SECRET=… AUDIENCE_SECRET=… go run .
//
// Versions that Go 1.19 builds, which is what Debian 12 has.
//
// x/oauth2 has no token exchange and no introspection: the exchange is a client-credentials request with another grant_type,
// as its users write it, and introspection is plain HTTP at the address that discovery gave.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"
)

const (
	tokenExchange = "urn:ietf:params:oauth:grant-type:token-exchange"
	accessToken   = "urn:ietf:params:oauth:token-type:access_token"
)

func env(name, otherwise string) string {
	if value, found := os.LookupEnv(name); found {
		return value
	}
	return otherwise
}

var (
	issuer         = strings.TrimRight(env("CAMBIST_BASE", "http://localhost:8080"), "/") + "/realms/" + env("REALM", "token-exchange-demo")
	clientID       = env("CLIENT_ID", "service-a")
	clientSecret   = env("CLIENT_SECRET", "")
	audience       = env("AUDIENCE", "service-b")
	audienceSecret = env("AUDIENCE_SECRET", "")
	otherID        = env("OTHER_CLIENT_ID", "service-c")
	otherSecret    = env("OTHER_CLIENT_SECRET", "")
	username       = env("LOGIN_USERNAME", "testuser")
	password       = env("LOGIN_PASSWORD", "password123")
	client         = &http.Client{Timeout: 20 * time.Second}
)

var failed bool

// step runs one step, prints its JSON line and says whether it went well.
func step(name string, action func() error) bool {
	start := time.Now()
	err := action()
	line := map[string]any{"client": "go-oidc", "step": name, "ok": err == nil, "ms": time.Since(start).Milliseconds()}
	if err != nil {
		failed = true
		line["problem"] = fmt.Sprintf("%.400s", err)
	}
	text, _ := json.Marshal(line)
	fmt.Println(string(text))
	return err == nil
}

type metadata struct {
	Introspection string `json:"introspection_endpoint"`
}

func exchange(ctx context.Context, provider *oidc.Provider, id, secret, subject string) (*oauth2.Token, error) {
	config := clientcredentials.Config{
		ClientID: id, ClientSecret: secret, TokenURL: provider.Endpoint().TokenURL,
		EndpointParams: url.Values{
			"grant_type": {tokenExchange}, "subject_token": {subject}, "subject_token_type": {accessToken},
			"requested_token_type": {accessToken}, "audience": {audience},
		},
	}
	return config.Token(ctx)
}

// introspect asks as the audience of the token.
func introspect(address, token string) (map[string]any, error) {
	form := strings.NewReader(url.Values{"token": {token}}.Encode())
	request, err := http.NewRequest(http.MethodPost, address, form)
	if err != nil {
		return nil, err
	}
	request.SetBasicAuth(url.QueryEscape(audience), url.QueryEscape(audienceSecret))
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	answer, err := client.Do(request)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	var told map[string]any
	return told, json.NewDecoder(answer.Body).Decode(&told)
}

func run() {
	ctx := oidc.ClientContext(context.Background(), client)
	var provider *oidc.Provider
	var told metadata
	if !step("discover", func() (err error) {
		if provider, err = oidc.NewProvider(ctx, issuer); err != nil {
			return err
		}
		return provider.Claims(&told)
	}) {
		return
	}
	config := oauth2.Config{
		ClientID: clientID, ClientSecret: clientSecret, Endpoint: provider.Endpoint(),
		Scopes: []string{oidc.ScopeOpenID, "profile", "email"},
	}
	var first, second *oauth2.Token
	if !step("login", func() (err error) {
		if first, err = config.PasswordCredentialsToken(ctx, username, password); err != nil {
			return err
		}
		text, _ := first.Extra("id_token").(string)
		_, err = provider.Verifier(&oidc.Config{ClientID: clientID}).Verify(ctx, text)
		return err
	}) {
		return
	}
	if !step("exchange", func() (err error) {
		if second, err = exchange(ctx, provider, clientID, clientSecret, first.AccessToken); err != nil {
			return err
		}
		if kind := second.Extra("issued_token_type"); kind != accessToken {
			return fmt.Errorf("issued_token_type %v", kind)
		}
		return nil
	}) {
		return
	}
	step("verify", func() error {
		token, err := provider.Verifier(&oidc.Config{ClientID: audience}).Verify(ctx, second.AccessToken)
		if err != nil {
			return err
		}
		if token.Issuer != issuer {
			return fmt.Errorf("issuer %s", token.Issuer)
		}
		if _, err = provider.Verifier(&oidc.Config{ClientID: "service-z"}).Verify(ctx, second.AccessToken); err == nil {
			return errors.New("a token for somebody else is good")
		}
		return nil
	})
	step("introspect", func() error {
		answer, err := introspect(told.Introspection, second.AccessToken)
		if err != nil {
			return err
		}
		if answer["active"] != true || answer["client_id"] != clientID {
			return fmt.Errorf("told %v", answer)
		}
		return nil
	})
	step("userinfo", func() error {
		info, err := provider.UserInfo(ctx, oauth2.StaticTokenSource(first))
		if err != nil {
			return err
		}
		if info.Email == "" || !info.EmailVerified {
			return fmt.Errorf("told %+v", info)
		}
		return nil
	})
	step("refresh", func() error {
		again, err := config.TokenSource(ctx, &oauth2.Token{RefreshToken: first.RefreshToken}).Token()
		if err == nil && again.AccessToken == first.AccessToken {
			return errors.New("the same token again")
		}
		return err
	})
	step("refuse-other-client", func() error {
		_, err := exchange(ctx, provider, otherID, otherSecret, first.AccessToken)
		var refusal *oauth2.RetrieveError
		if !errors.As(err, &refusal) {
			return fmt.Errorf("no refusal: %v", err)
		}
		if refusal.ErrorCode != "access_denied" || refusal.ErrorDescription != "Client not allowed to exchange" {
			return fmt.Errorf("refused otherwise: %w", err)
		}
		return nil
	})
}

func main() {
	run()
	if failed {
		os.Exit(1)
	}
}
