//! Notes in folders, with users beside them whom no link to a note may reach.

use axum::http::header::LOCATION;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use proptest::prelude::*;
use serde_json::{Value, json};
use url::Url;
use weir_testing::fixture::fixture;
use weir_testing::http::Client;
use weir_testing::system::System;

/// What a part of a path escapes: all but what RFC 3986 leaves unreserved.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// The services, with a user.
pub(crate) struct Desk {
    pub(crate) system: System,
}

/// An answer with what a client follows.
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) location: Option<String>,
    pub(crate) link: Option<String>,
    pub(crate) body: Value,
}

impl Desk {
    pub(crate) async fn open() -> Self {
        let desk = Self { system: System::open(&fixture("desk")).await };
        let user = json!({ "id": "ann", "role": "x" });
        assert_eq!(desk.http().send("POST", "/user", Some(&user)).await.0, 201);
        desk
    }

    pub(crate) fn http(&self) -> &Client {
        &self.system.http
    }

    pub(crate) async fn raw(&self, method: &str, path: &str, body: Option<&Value>) -> Reply {
        let body = body.map(ToString::to_string).unwrap_or_default();
        let response = self.http().raw(method, path, &body).await;
        let header = |name: &str| {
            let value = response.headers().get(name)?;
            Some(value.to_str().expect("ASCII").to_owned())
        };
        Reply {
            status: response.status().as_u16(),
            location: header(LOCATION.as_str()),
            link: header("link"),
            body: serde_json::from_str(response.body()).unwrap_or_default(),
        }
    }

    /// How many items the table has beside the user.
    pub(crate) async fn notes(&self) -> usize {
        self.assert_user_is_there().await;
        self.system.stored().await.len() - 1
    }

    pub(crate) async fn assert_user_is_there(&self) {
        assert_eq!(self.http().get("/user/ann/x").await.0, 200, "the user is gone");
    }
}

impl Reply {
    /// The fields that a problem names.
    pub(crate) fn fields(&self) -> Vec<&str> {
        let errors = self.body["errors"].as_array().expect("a problem with errors");
        errors.iter().map(|error| error["field"].as_str().expect("a field")).collect()
    }
}

/// A reference as a standard parser has it, seen from the root of a service.
pub(crate) fn resolved(reference: &str) -> String {
    let base = Url::parse("http://host/").expect("a URL");
    let url = base.join(reference).expect("a reference");
    assert_eq!((url.host_str(), url.fragment()), (Some("host"), None), "{reference}");
    url.as_str().strip_prefix("http://host").expect("the same host").to_owned()
}

/// A part of a path.
pub(crate) fn part(text: &str) -> String {
    utf8_percent_encode(text, ESCAPED).to_string()
}

/// Texts that meet what URLs give a meaning: dots, escapes, separators, control characters, none at
/// all.
pub(crate) fn texts() -> impl Strategy<Value = String> {
    let hostile =
        "(\\.|\\.\\.|%2e|%2E|%|/|\\\\|\\?|#|;|:|@|a|é| |\\t|\\n|'|\"|<|>|\\x00|\\x7f){0,5}";
    prop_oneof![
        6 => hostile.prop_map(|text: String| text),
        1 => Just("..".to_owned()),
        1 => Just(".".to_owned()),
        1 => Just("a.".to_owned()),
        1 => Just("%2e%2e".to_owned()),
        1 => Just("//host/x".to_owned()),
        2 => "[ -~]{1,12}",
        2 => any::<String>().prop_map(|text| text.chars().take(20).collect()),
    ]
}
