//! HTTP requests of a test: JSON out, status and JSON back.

use std::time::Duration;

use serde_json::Value;
use ureq::http::{HeaderName, Request, Response};
use ureq::{Agent, Error};

/// An emulator wants a signature to be there, with the access key that the tests connect with, and
/// does not check it.
const AUTHORIZATION: &str = "AWS4-HMAC-SHA256 \
     Credential=weir/20260101/us-east-1/dynamodb/aws4_request, \
     SignedHeaders=host;x-amz-date, Signature=0";

/// How often, and how far apart, DynamoDB is asked while it fails.
const FAILURE_TRIES: u32 = 25;
const FAILURE_PAUSE: Duration = Duration::from_millis(200);

/// Asks an HTTP service; statuses of errors are answers like others.
#[derive(Clone, Debug)]
pub struct Client {
    url: String,
    agent: Agent,
}

/// Returns a text as a part of a URL, every byte of it escaped.
pub fn encoded(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

/// The status of a response, and its body as JSON (`null` when it has none).
pub type StatusAndBody = (u16, Value);

impl Client {
    /// Returns a client of the service at this URL.
    pub fn new(url: &str) -> Self {
        let config = Agent::config_builder().http_status_as_error(false).build();
        Self { url: url.to_owned(), agent: config.into() }
    }

    /// Returns where the service is.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// GET.
    pub async fn get(&self, path: &str) -> StatusAndBody {
        self.send("GET", path, None).await
    }

    /// Sends a request with JSON, or without.
    pub async fn send(&self, method: &str, path: &str, body: Option<&Value>) -> StatusAndBody {
        self.send_with(&[], method, path, body).await
    }

    /// Sends the same with headers.
    pub async fn send_with(
        &self,
        headers: &[(&str, &str)],
        method: &str,
        path: &str,
        body: Option<&Value>,
    ) -> StatusAndBody {
        let body = body.map(ToString::to_string);
        let mut request = self.request(method, path, body.as_deref().unwrap_or_default());
        insert(&mut request, headers);
        let response = self.run(request).await;
        let status = response.status().as_u16();
        let text = response.into_body();
        let json = if text.is_empty() {
            Value::Null
        } else {
            serde_json::from_str(&text).unwrap_or_else(|_| panic!("{path} answers {text}"))
        };
        (status, json)
    }

    /// Sends a call of DynamoDB's JSON API.
    ///
    /// # Panics
    /// When it is refused.
    pub async fn dynamodb(&self, operation: &str, body: &Value) -> Value {
        let (status, answer) = self.try_dynamodb(operation, body).await;
        assert_eq!(status, 200, "{operation}: {answer}");
        answer
    }

    /// Sends a call of DynamoDB's JSON API that may be refused. A failure of the service, as
    /// DynamoDB Local has them now and then while it expires items, is tried again as AWS's SDKs
    /// do.
    pub async fn try_dynamodb(&self, operation: &str, body: &Value) -> StatusAndBody {
        for _ in 1..FAILURE_TRIES {
            let answer = self.call(operation, body).await;
            if answer.0 < 500 {
                return answer;
            }
            tokio::time::sleep(FAILURE_PAUSE).await;
        }
        self.call(operation, body).await
    }

    async fn call(&self, operation: &str, body: &Value) -> StatusAndBody {
        let request = Request::builder()
            .method("POST")
            .uri(&self.url)
            .header("Content-Type", "application/x-amz-json-1.0")
            .header("X-Amz-Target", format!("DynamoDB_20120810.{operation}"))
            .header("X-Amz-Date", "20260101T000000Z")
            .header("Authorization", AUTHORIZATION)
            .body(body.to_string())
            .expect("a request");
        let response = self.run(request).await;
        (response.status().as_u16(), serde_json::from_str(response.body()).expect("JSON"))
    }

    /// Sends a request with JSON to a service that may not be there, or be killed before it has
    /// answered.
    ///
    /// # Errors
    /// The error of the connection.
    pub async fn try_send(
        &self,
        method: &str,
        path: &str,
        body: &Value,
    ) -> Result<StatusAndBody, Error> {
        self.try_send_with(&[], method, path, body).await
    }

    /// Sends the same with headers.
    ///
    /// # Errors
    /// The error of the connection.
    pub async fn try_send_with(
        &self,
        headers: &[(&str, &str)],
        method: &str,
        path: &str,
        body: &Value,
    ) -> Result<StatusAndBody, Error> {
        let mut request = self.request(method, path, &body.to_string());
        insert(&mut request, headers);
        let response = self.try_run(request).await?;
        let json = serde_json::from_str(response.body()).unwrap_or_default();
        Ok((response.status().as_u16(), json))
    }

    /// Sends a request with any text as its JSON body, and the answer as it is.
    pub async fn raw(&self, method: &str, path: &str, body: &str) -> Response<String> {
        self.run(self.request(method, path, body)).await
    }

    fn request(&self, method: &str, path: &str, body: &str) -> Request<String> {
        let mut request = Request::builder().method(method).uri(format!("{}{path}", self.url));
        if !body.is_empty() {
            request = request.header("Content-Type", "application/json");
        }
        request.body(body.to_owned()).expect("a request")
    }

    async fn run(&self, request: Request<String>) -> Response<String> {
        self.try_run(request).await.expect("an answer")
    }

    async fn try_run(&self, request: Request<String>) -> Result<Response<String>, Error> {
        let agent = self.agent.clone();
        let call = move || {
            let (parts, mut body) = agent.run(request)?.into_parts();
            Ok(Response::from_parts(parts, body.read_to_string()?))
        };
        tokio::task::spawn_blocking(call).await.expect("a call")
    }
}

fn insert(request: &mut Request<String>, headers: &[(&str, &str)]) {
    for (name, value) in headers {
        let name: HeaderName = name.parse().expect("the name of a header");
        request.headers_mut().insert(name, value.parse().expect("the value of a header"));
    }
}
