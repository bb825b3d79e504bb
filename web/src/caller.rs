//! The caller of a request, as API Gateway or a function URL authenticated it.
//!
//! | authorization | name, for logs | scope |
//! |---|---|---|
//! | JWT | the claim `sub`, else `client_id`, `cid` or `azp` | the claim `iss` and the name |
//! | IAM | the ARN of the principal | the same; of an assumed role, without the session's name |
//! | none, or a plain server | none | the empty text |
//!
//! A token that a program was given for itself may have no subject; issuers name the program in one
//! of the other claims.
//!
//! Sessions of one role are one caller: they have the same permissions, and a client that retries
//! from another machine has another session name.
//!
//! A program that hosts the application itself may put a [`Caller`] into a request's extensions.
//!
//! **Invariant:** a caller is taken from the event, or from the program that hosts the application,
//! never from a header or a body.

use std::convert::Infallible;

use axum::extract::FromRequestParts;
use axum::http::Extensions;
use axum::http::request::Parts;

use crate::gateway;

/// Separates the parts of a scope; neither an issuer nor an ARN contains it.
const SEPARATOR: char = '\n';

/// The claims that name the caller: the first one that a token has.
const NAMES: [&str; 4] = ["sub", "client_id", "cid", "azp"];

/// The caller of a request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Caller {
    name: Option<String>,
    scope: String,
}

impl Caller {
    /// Returns a caller that a host of one's own has authenticated, to be put into the extensions
    /// of a request.
    pub fn new(name: &str) -> Self {
        Self { scope: format!("own{SEPARATOR}{name}"), name: Some(name.to_owned()) }
    }

    /// Returns the caller that the host of the application authenticated.
    pub fn from_extensions(extensions: &Extensions) -> Self {
        let Some(context) = gateway::context(extensions) else {
            return extensions.get::<Self>().cloned().unwrap_or_default();
        };
        let authorizer = context.authorizer.as_ref();
        if let Some(jwt) = authorizer.and_then(|authorizer| authorizer.jwt.as_ref()) {
            let claim = |name: &str| jwt.claims.get(name).cloned();
            let issuer = claim("iss").unwrap_or_default();
            let name = NAMES.into_iter().find_map(claim);
            let scope = ["jwt", &issuer, name.as_deref().unwrap_or_default()];
            return Self { scope: scope.join(&SEPARATOR.to_string()), name };
        }
        let iam = authorizer.and_then(|authorizer| authorizer.iam.as_ref());
        match iam.and_then(|iam| iam.user_arn.clone()) {
            Some(arn) => {
                Self { scope: format!("iam{SEPARATOR}{}", without_session(&arn)), name: Some(arn) }
            }
            None => Self::default(),
        }
    }

    /// Returns the name to log: a JWT's subject or client, or the ARN of a principal.
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// Returns the text that two requests share exactly if they have the same caller.
    pub fn scope(&self) -> &str {
        &self.scope
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        Ok(Self::from_extensions(&parts.extensions))
    }
}

/// Returns the ARN of an assumed role without its session's name; other ARNs as they are
/// ("IAM identifiers": `arn:aws:sts::account:assumed-role/role/session`).
fn without_session(arn: &str) -> &str {
    let is_session = arn.split(':').nth(5).is_some_and(|part| part.starts_with("assumed-role/"));
    match arn.rsplit_once('/') {
        Some((role, _)) if is_session => role,
        _ => arn,
    }
}

#[cfg(test)]
mod tests {
    use axum::http::Extensions;
    use lambda_http::request::RequestContext;
    use serde_json::{Value, json};

    use super::*;

    fn caller(authorizer: &Value) -> Caller {
        let context = json!({
            "timeEpoch": 0, "authorizer": authorizer,
            "http": { "method": "GET", "path": "/" },
        });
        let context = serde_json::from_value(context).expect("a request context");
        let mut extensions = Extensions::new();
        extensions.insert(RequestContext::ApiGatewayV2(context));
        Caller::from_extensions(&extensions)
    }

    #[test]
    fn a_jwt_names_its_subject_or_its_client() {
        let of = |claims| caller(&json!({ "jwt": { "claims": claims, "scopes": null } }));
        let ann = of(json!({ "iss": "https://a", "sub": "ann", "client_id": "app" }));
        assert_eq!(ann.name(), Some("ann"));
        for (claims, name) in [
            (json!({ "client_id": "app", "cid": "b", "azp": "c" }), Some("app")),
            (json!({ "cid": "app", "azp": "c" }), Some("app")),
            (json!({ "azp": "app", "aud": "api" }), Some("app")),
            (json!({ "aud": "api" }), None),
        ] {
            assert_eq!(of(claims.clone()).name(), name, "{claims}");
        }
        let scopes = [
            ann,
            of(json!({ "iss": "https://b", "sub": "ann" })),
            of(json!({ "iss": "https://a", "sub": "bob" })),
            caller(&json!({ "iam": { "userArn": "ann" } })),
            caller(&Value::Null),
            Caller::new("ann"),
        ];
        let mut scopes: Vec<_> = scopes.iter().map(Caller::scope).collect();
        scopes.sort_unstable();
        scopes.dedup();
        assert_eq!(scopes.len(), 6);
    }

    #[test]
    fn sessions_of_a_role_are_one_caller() {
        let of = |arn| caller(&json!({ "iam": { "userArn": arn } }));
        let session = of("arn:aws:sts::1:assumed-role/shop/one");
        assert_eq!(session.name(), Some("arn:aws:sts::1:assumed-role/shop/one"));
        assert_eq!(session.scope(), of("arn:aws:sts::1:assumed-role/shop/two").scope());
        assert_ne!(session.scope(), of("arn:aws:sts::1:assumed-role/other/one").scope());
        assert_ne!(
            of("arn:aws:iam::1:user/team/ann").scope(),
            of("arn:aws:iam::1:user/team/bob").scope()
        );
    }

    #[test]
    fn a_request_without_an_authorizer_has_no_name() {
        assert_eq!(Caller::from_extensions(&Extensions::new()), Caller::default());
        assert_eq!(caller(&json!({ "iam": {} })), Caller::default());
    }
}
