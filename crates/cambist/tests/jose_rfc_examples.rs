//! The examples that RFC 7515, RFC 7638 and RFC 8037 print.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use cambist::{
    crypto::Algorithm,
    jose::{JsonLimits, Jwk, JwsError, JwsLimits, SecretJwk, UnverifiedJws},
};
use cambist_ring::RingProvider;
use serde_json::json;

const PAYLOAD: &str = "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";

const CLAIMS: &str =
    "{\"iss\":\"joe\",\r\n \"exp\":1300819380,\r\n \"http://example.com/is_root\":true}";

fn verify(token: &str, algorithm: Algorithm, key: &serde_json::Value) -> Result<String, JwsError> {
    let key = match SecretJwk::from_value(key) {
        Ok(secret) => secret.verification_key(algorithm, &RingProvider).unwrap(),
        Err(_) => Jwk::from_value(key)
            .unwrap()
            .verification_key(algorithm, &RingProvider)
            .unwrap(),
    };
    let verified = UnverifiedJws::parse(token, &JwsLimits::DEFAULT)?.verify(&key)?;
    Ok(verified.payload().to_owned())
}

#[test]
fn rfc_7515_appendix_a_1_hs256() {
    let key = json!({
        "kty": "oct",
        "k": "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow"
    });
    let header = "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9";
    let token = format!("{header}.{PAYLOAD}.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk");
    assert_eq!(verify(&token, Algorithm::Hs256, &key).unwrap(), CLAIMS);
}

#[test]
fn rfc_7515_appendix_a_2_rs256() {
    let key = json!({
        "kty": "RSA",
        "e": "AQAB",
        "n": "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ"
    });
    let signature = "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw";
    let token = format!("eyJhbGciOiJSUzI1NiJ9.{PAYLOAD}.{signature}");
    assert_eq!(verify(&token, Algorithm::Rs256, &key).unwrap(), CLAIMS);
}

#[test]
fn rfc_7515_appendix_a_3_es256() {
    let key = json!({
        "kty": "EC",
        "crv": "P-256",
        "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
        "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
        "d": "jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI"
    });
    let signature =
        "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";
    let token = format!("eyJhbGciOiJFUzI1NiJ9.{PAYLOAD}.{signature}");
    assert_eq!(verify(&token, Algorithm::Es256, &key).unwrap(), CLAIMS);
}

#[test]
fn rfc_7515_appendix_a_5_unsecured() {
    let key = json!({"kty": "oct", "k": "A".repeat(86)});
    for signature in ["", "AA"] {
        let token = format!("eyJhbGciOiJub25lIn0.{PAYLOAD}.{signature}");
        let refused = verify(&token, Algorithm::Hs256, &key).unwrap_err();
        let reasons = [JwsError::NotCompact, JwsError::AlgorithmUnsupported];
        assert!(reasons.contains(&refused), "{refused:?}");
    }
}

#[test]
fn rfc_7638_section_3_1_thumbprint() {
    let key = r#"{"kty":"RSA","e":"AQAB","alg":"RS256","kid":"2011-04-29","n":"0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw"}"#;
    let key = Jwk::parse(key, &JsonLimits::DEFAULT).unwrap();
    assert_eq!(
        key.thumbprint(&RingProvider),
        "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"
    );
}

#[test]
fn rfc_8037_appendix_a_3_thumbprint() {
    let key = r#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;
    let key = Jwk::parse(key, &JsonLimits::DEFAULT).unwrap();
    assert_eq!(
        key.thumbprint(&RingProvider),
        "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"
    );
}
